/// The script of the page: zooming, sorting, filtering. Without it everything is still there to be read.
///
/// It reads the tree from the page's own data and makes elements by themselves, never markup from text: a name can do nothing.
/// The treemap's layout is that of ``TreemapLayout``, for the size that the window has.
enum PageScript {
    static let text = #"""
        'use strict';
        (() => {
        const data = JSON.parse(document.getElementById('data').textContent);
        const nodes = data.nodes.map((n, i) => ({id: i, parent: n[0], name: n[1], size: n[2], apparent: n[3], files: n[4],
          type: n[5], kind: n[6], newest: n[7], bound: n[8] === 1, children: []}));
        nodes.forEach(n => { if (n.parent >= 0) nodes[n.parent].children.push(n); });
        const byId = id => document.getElementById(id);
        const map = byId('map'), info = byId('info'), crumbs = byId('crumbs'), contents = byId('contents');
        const NS = 'http://www.w3.org/2000/svg';
        let current = nodes[0], mode = 'kind', drawn = 0, wantsFocus = false;

        const make = (name, attributes, ...children) => {
          const element = document.createElement(name);
          for (const key in attributes) element.setAttribute(key, attributes[key]);
          element.append(...children);
          return element;
        };
        const draw = (name, attributes, ...children) => {
          const element = document.createElementNS(NS, name);
          for (const key in attributes) element.setAttribute(key, attributes[key]);
          element.append(...children);
          return element;
        };
        const bytes = count => {
          const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
          let value = count, unit = 0;
          while (value >= 1024) { value /= 1024; unit += 1; }
          return (unit > 0 && value < 100 ? (Math.floor(value * 10) / 10).toFixed(1) : Math.floor(value)) + units[unit];
        };
        const percent = (part, whole) => (whole > 0 ? part / whole * 100 : 0).toFixed(1) + ' %';
        const number = count => count.toLocaleString('en');
        const day = seconds => seconds === null ? '–' : new Date(seconds * 1000).toISOString().slice(0, 10);
        const opens = node => node.children.length > 0;
        const chain = node => {
          const result = [node];
          while (result[0].parent >= 0) result.unshift(nodes[result[0].parent]);
          return result;
        };
        const path = node => chain(node).map(n => n.name).join(' / ');
        const describe = node => (node.bound ? '≥ ' : '') + bytes(node.size) + ', ' + percent(node.size, current.size) +
          ' of ' + current.name + (node.type === 3 ? '' : ', ' + number(node.files) + ' files') +
          (node.newest === null ? '' : ', last changed ' + day(node.newest));
        const ageClass = node => {
          if (node.newest === null) return 'kr';
          const limits = [1, 7, 30, 90, 365], age = (data.now - node.newest) / 86400;
          const position = limits.findIndex(limit => age < limit);
          return 'a' + (position < 0 ? limits.length : position);
        };
        const kindClass = node => node.type === 4 ? 'kr' : 'k' + node.kind;

        /* Squarified treemap, as in the picture of the page without scripts. */
        const aspect = (largest, smallest, sum, side) => smallest <= 0 || sum <= 0 ? Infinity :
          Math.max(side * side * largest / (sum * sum), sum * sum / (side * side * smallest));
        const squarify = (list, box) => {
          const places = [];
          let {x, y, w, h} = box, left = list.reduce((sum, n) => sum + n.size, 0), start = 0;
          while (start < list.length && left > 0 && w > 0 && h > 0) {
            const scale = w * h / left, side = Math.min(w, h);
            let end = start, sum = 0, worst = Infinity;
            while (end < list.length) {
              const next = sum + list[end].size * scale;
              const ratio = aspect(list[start].size * scale, list[end].size * scale, next, side);
              if (ratio > worst) break;
              worst = ratio; sum = next; end += 1;
            }
            const thick = sum / side;
            let offset = 0;
            for (const node of list.slice(start, end)) {
              const length = thick > 0 ? node.size * scale / thick : 0;
              places.push(w >= h ? {node, x, y: y + offset, w: thick, h: length} :
                {node, x: x + offset, y, w: length, h: thick});
              offset += length; left -= node.size;
            }
            if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
            start = end;
          }
          return places;
        };
        const fit = (text, width) => {
          let left = width, result = '';
          for (const character of text) {
            left -= character.codePointAt(0) >= 0x1100 ? 12.6 : 7;
            if (left < 0) return result.length < 3 ? '' : result.slice(0, -1) + '…';
            result += character;
          }
          return result;
        };
        const label = (tile, open, depth) => {
          if (tile.w < 34 || tile.h < 15) return [];
          const name = fit(tile.node.name, tile.w - 10), size = bytes(tile.node.size);
          if (!name) return [];
          const texts = [draw('text', {x: tile.x + 5, y: tile.y + 14, class: open && depth < 2 ? 'top' : ''}, name)];
          const room = size.length * 7;
          if (open && tile.w - 16 - name.length * 7.1 > room) {
            texts.push(draw('text', {x: tile.x + tile.w - 5, y: tile.y + 14, 'text-anchor': 'end', class: 'size'}, size));
          } else if (!open && tile.h >= 30 && tile.w >= room + 8) {
            texts.push(draw('text', {x: tile.x + 5, y: tile.y + 28, class: 'size'}, size));
          }
          return texts;
        };
        const render = () => {
          const width = Math.max(280, map.clientWidth);
          const height = Math.round(Math.min(780, Math.max(340, Math.min(innerHeight * 0.7, width * 1.25))));
          drawn = map.clientWidth;
          const svg = draw('svg', {viewBox: '0 0 ' + width + ' ' + height, role: 'group',
            'aria-label': 'Treemap of ' + current.name + '. Arrow keys move, Enter opens, Escape goes up.'});
          let first = true, count = 0;
          const queue = [{node: current, x: 0, y: 0, w: width, h: height, depth: 0}];
          while (queue.length && count < 2500) {
            const tile = queue.shift(), node = tile.node, depth = tile.depth;
            const open = opens(node) && tile.w >= 46 && tile.h >= 44;
            const group = draw('g', {'data-node': node.id});
            if (depth === 1) {
              group.setAttribute('tabindex', first ? '0' : '-1');
              group.setAttribute('role', opens(node) ? 'button' : 'img');
              group.setAttribute('aria-label', node.name + ', ' + describe(node));
              first = false;
            } else {
              group.setAttribute('aria-hidden', 'true');
            }
            if (opens(node) || node.parent !== current.id) group.classList.add('can');
            if (node === current) group.classList.remove('can');
            const name = open ? 'f' + depth % 2 : mode === 'kind' ? kindClass(node) : ageClass(node);
            group.append(draw('title', {}, node.name + ': ' + describe(node)),
              draw('rect', {class: name, x: tile.x.toFixed(1), y: tile.y.toFixed(1), width: tile.w.toFixed(1),
                height: tile.h.toFixed(1), rx: 2.5}), ...label(tile, open, depth));
            svg.append(group);
            count += 1;
            if (!open) continue;
            const list = node.children.slice().sort((a, b) => b.size - a.size || a.id - b.id);
            for (const place of squarify(list, {x: tile.x + 3, y: tile.y + 19, w: tile.w - 6, h: tile.h - 22})) {
              if (place.w - 1.5 < 2.5 || place.h - 1.5 < 2.5) continue;
              queue.push({node: place.node, x: place.x + .75, y: place.y + .75, w: place.w - 1.5, h: place.h - 1.5,
                depth: depth + 1});
            }
          }
          map.replaceChildren(svg);
        };
        const tell = node => info.replaceChildren(make('b', {}, make('bdi', {}, path(node))), ' – ' + describe(node));
        const trail = () => {
          const list = make('ol', {});
          for (const node of chain(current)) {
            const name = make('bdi', {}, node.name);
            if (node === current) list.append(make('li', {}, make('span', {'aria-current': 'location'}, name)));
            else {
              const button = make('button', {type: 'button'}, name);
              button.addEventListener('click', () => go(node));
              list.append(make('li', {}, button));
            }
          }
          crumbs.replaceChildren(list);
        };
        const share = (part, whole) => draw('svg', {class: 'share', viewBox: '0 0 100 8', preserveAspectRatio: 'none',
          'aria-hidden': 'true'}, draw('rect', {width: 100, height: 8, rx: 4}),
          draw('rect', {width: whole > 0 ? (part / whole * 100).toFixed(2) : 0, height: 8, rx: 4}));
        const cell = (value, text) => make('td', {class: 'n', 'data-v': value}, text);
        const list = () => {
          byId('contents-name').textContent = current.name;
          const rows = current.children.slice().sort((a, b) => b.size - a.size || a.id - b.id).map(node => {
            const name = make('bdi', {}, node.name);
            let entry = name;
            if (opens(node)) {
              entry = make('button', {type: 'button'}, name);
              entry.addEventListener('click', () => { wantsFocus = true; go(node); });
            }
            return make('tr', {}, make('td', {class: 'name'}, entry),
              make('td', {}, share(node.size, current.size)), cell(node.size, percent(node.size, current.size)),
              cell(node.size, (node.bound ? '≥ ' : '') + bytes(node.size)), cell(node.apparent, bytes(node.apparent)),
              cell(node.files, number(node.files)), cell(node.newest ?? 0, day(node.newest)));
          });
          const body = contents.querySelector('tbody');
          body.replaceChildren(...rows);
          contents.querySelectorAll('th').forEach(th => th.removeAttribute('aria-sort'));
          const field = contents.querySelector('input');
          if (field) { field.value = ''; field.dispatchEvent(new Event('input')); }
        };
        const show = () => {
          render(); trail(); list(); tell(current);
          if (map.dataset.ready === '2') byId('place').textContent = 'Showing ' + path(current);
          map.dataset.ready = '2';
          document.title = (current.parent >= 0 ? current.name + ' – ' : '') + data.title;
          if (wantsFocus) {
            wantsFocus = false;
            const target = map.querySelector('g[tabindex="0"]');
            if (target) target.focus();
          }
        };
        const go = node => { location.hash = node.id ? 'n' + node.id : ''; if (!node.id) follow(); };
        const follow = () => {
          const match = /^#n(\d{1,7})$/.exec(location.hash);
          if (!match && location.hash.length > 1) return;
          const node = match ? nodes[Number(match[1])] : nodes[0];
          if (!node || (node === current && map.dataset.ready)) return;
          current = opens(node) || node.parent < 0 ? node : nodes[node.parent];
          show();
        };
        const nodeOf = event => {
          const group = event.target.closest ? event.target.closest('g[data-node]') : null;
          return group ? nodes[Number(group.dataset.node)] : null;
        };
        map.addEventListener('click', event => {
          const node = nodeOf(event);
          if (!node || node === current) return;
          const target = opens(node) ? node : nodes[node.parent];
          if (target === current) tell(node); else go(target);
        });
        map.addEventListener('mouseover', event => { const node = nodeOf(event); if (node) tell(node); });
        map.addEventListener('mouseleave', () => tell(current));
        map.addEventListener('focusin', event => { const node = nodeOf(event); if (node) tell(node); });
        const up = () => { if (current.parent >= 0) { wantsFocus = true; go(nodes[current.parent]); } };
        map.addEventListener('keydown', event => {
          const tiles = [...map.querySelectorAll('g[tabindex]')], here = event.target.closest('g[tabindex]');
          if (event.key === 'Escape' || event.key === 'Backspace') { event.preventDefault(); up(); return; }
          if (!here) return;
          if (event.key === 'Enter' || event.key === ' ') {
            event.preventDefault();
            const node = nodeOf(event);
            if (node && opens(node)) { wantsFocus = true; go(node); }
            return;
          }
          const middle = tile => {
            const box = tile.querySelector('rect').getBBox();
            return [box.x + box.width / 2, box.y + box.height / 2];
          };
          const ways = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1]};
          let target = event.key === 'Home' ? tiles[0] : event.key === 'End' ? tiles[tiles.length - 1] : null;
          const way = ways[event.key];
          if (way) {
            const [x, y] = middle(here);
            let best = Infinity;
            for (const tile of tiles) {
              if (tile === here) continue;
              const [a, b] = middle(tile), along = (a - x) * way[0] + (b - y) * way[1];
              const across = Math.abs((a - x) * way[1]) + Math.abs((b - y) * way[0]);
              if (along > 1 && along + across * 2 < best) { best = along + across * 2; target = tile; }
            }
          }
          if (!target) return;
          event.preventDefault();
          here.setAttribute('tabindex', '-1');
          target.setAttribute('tabindex', '0');
          target.focus();
        });
        byId('modes').querySelectorAll('button').forEach(button => button.addEventListener('click', () => {
          mode = button.dataset.mode;
          byId('modes').querySelectorAll('button').forEach(b => b.setAttribute('aria-pressed', String(b === button)));
          byId('legend-kind').hidden = mode !== 'kind';
          byId('legend-age').hidden = mode !== 'age';
          render();
        }));

        /* Tables: a click on a heading sorts, a field above long ones filters. */
        const value = (row, column) => {
          const cell = row.cells[column];
          return cell.dataset.v === undefined ? cell.textContent.toLowerCase() : Number(cell.dataset.v);
        };
        document.querySelectorAll('table').forEach(table => {
          const body = table.tBodies[0];
          [...table.tHead.rows[0].cells].forEach((heading, column) => {
            if (!heading.textContent) return;
            const button = make('button', {type: 'button'}, heading.textContent);
            heading.replaceChildren(button);
            button.addEventListener('click', () => {
              const before = heading.getAttribute('aria-sort');
              const falls = before ? before === 'ascending' : heading.classList.contains('n');
              [...table.tHead.rows[0].cells].forEach(other => other.removeAttribute('aria-sort'));
              heading.setAttribute('aria-sort', falls ? 'descending' : 'ascending');
              const rows = [...body.rows].sort((a, b) => {
                const [left, right] = [value(a, column), value(b, column)];
                return (left < right ? -1 : left > right ? 1 : 0) * (falls ? -1 : 1);
              });
              body.append(...rows);
            });
          });
          if (body.rows.length < 8 && table.id !== 'contents-table') return;
          const field = make('input', {type: 'search', placeholder: 'Part of a name'});
          const count = make('span', {role: 'status'});
          field.addEventListener('input', () => {
            const text = field.value.toLowerCase();
            let shown = 0;
            for (const row of body.rows) {
              row.hidden = text !== '' && !row.textContent.toLowerCase().includes(text);
              if (!row.hidden) shown += 1;
            }
            count.textContent = text === '' ? '' : shown + ' of ' + body.rows.length;
          });
          table.parentElement.before(make('div', {class: 'filter'}, make('label', {}, 'Filter ', field), count));
        });

        /* Light, dark, or as the system has it. */
        const theme = byId('theme'), names = {auto: 'Automatic', light: 'Light', dark: 'Dark'};
        const order = ['auto', 'light', 'dark'];
        const keep = name => { try { localStorage.setItem('holdfast-theme', name); } catch { return; } };
        const paint = name => {
          if (name === 'auto') delete document.documentElement.dataset.theme;
          else document.documentElement.dataset.theme = name;
          theme.textContent = 'Colours: ' + names[name];
          theme.dataset.theme = name;
        };
        let kept = 'auto';
        try { kept = localStorage.getItem('holdfast-theme') || 'auto'; } catch { kept = 'auto'; }
        paint(order.includes(kept) ? kept : 'auto');
        theme.addEventListener('click', () => {
          const next = order[(order.indexOf(theme.dataset.theme) + 1) % order.length];
          paint(next);
          keep(next);
        });
        document.querySelectorAll('[data-script]').forEach(element => { element.hidden = false; });
        byId('legend-age').hidden = true;
        addEventListener('hashchange', follow);
        addEventListener('resize', () => requestAnimationFrame(() => { if (map.clientWidth !== drawn) render(); }));
        follow();
        if (!map.dataset.ready) show();
        })();

        """#
}
