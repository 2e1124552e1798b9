import Reports
import StorageModel
import TestSupport
import Testing

/// Goal: the page is correct, inert and usable: with scripts, without them, and with any names. Method: Python's parser for the
/// text, and a real browser that shows it.
@Suite("The page of usage") struct PageTests {
    private static let page: String = {
        guard let text = try? makePage() else { return "" }
        return text
    }()

    private static func makePage() throws -> String {
        let hostile = Planned.directory(
            "hostile", HostileName.all.enumerated().map { .file($0.element, UInt64(40 - $0.offset) << 20) })
        let reports = [
            try UsageReport.volume(
                "pg",
                [
                    .directory("base", [.directory("16384", [.file("1.db", 700 << 20)]), .file("2.db", 90 << 20)]),
                    hostile,
                    .directory("log", (0..<300).map { .file("app.log.\($0)", 1 << 20) }),
                ]),
            UsageReport(.directory("/srv/<b>&\"'"), UsageTree([.file("dump.tar.zst", 300 << 20)])),
        ]
        let history = reports.map { report in
            UsageSeries(
                report.source,
                recorded: (0..<30).map { index in
                    var totals = UsageTotals()
                    totals.allocatedBytes = report.totals.allocatedBytes / 30 * UInt64(index + 1)
                    return UsageSample(
                        scannedAt: Timestamp(seconds: report.scannedAt.seconds - Int64(29 - index) * 86_400),
                        totals: totals,
                        space: FileSystemRoom(totalBytes: 4 << 30, usedBytes: 2 << 30, availableBytes: 2 << 30))
                }, now: report.scannedAt)
        }
        return UsagePage.render(reports, history: history, madeAt: Timestamp(seconds: 1_772_366_400))
    }

    /// Reads the page as HTML: well nested, nothing that acts or loads, every reference to a place in it.
    private static let oracle = #"""
        import html.parser, json, re, sys
        text = sys.stdin.buffer.read().decode('utf-8')
        VOID = {'meta', 'br', 'img', 'input', 'hr', 'link'}
        class Check(html.parser.HTMLParser):
            def __init__(self):
                super().__init__(convert_charrefs=True)
                self.stack, self.ids, self.refs, self.scripts, self.counts, self.data = [], [], [], [], {}, ''
            def handle_starttag(self, tag, attrs):
                self.counts[tag] = self.counts.get(tag, 0) + 1
                for key, value in attrs:
                    assert not key.startswith('on'), (tag, key)
                    assert key not in ('src', 'style', 'srcset', 'action', 'xlink:href'), (tag, key)
                    if key == 'href': assert value.startswith('#'), value
                    if key == 'id': self.ids.append(value)
                    if key in ('aria-labelledby', 'aria-describedby'): self.refs += value.split()
                    if key == 'href': self.refs.append(value[1:])
                if tag == 'script': self.scripts.append(dict(attrs))
                if tag not in VOID: self.stack.append(tag)
            def handle_startendtag(self, tag, attrs):
                self.handle_starttag(tag, attrs)
                if tag not in VOID: self.stack.pop()
            def handle_endtag(self, tag):
                assert self.stack and self.stack[-1] == tag, (tag, self.stack[-3:])
                self.stack.pop()
            def handle_data(self, data):
                if self.stack and self.stack[-1] == 'script' and self.scripts[-1].get('id') == 'data': self.data += data
        check = Check()
        check.feed(text)
        check.close()
        assert check.stack == [], check.stack
        assert len(check.ids) == len(set(check.ids)), check.ids
        assert set(check.refs) <= set(check.ids), set(check.refs) - set(check.ids)
        assert len(check.scripts) == 2 and check.counts.get('style') == 1
        for tag in ('img', 'iframe', 'link', 'object', 'embed', 'form', 'base', 'audio', 'video', 'foreignobject'):
            assert tag not in check.counts, tag
        assert text.count('http://') == text.count("http://www.w3.org/2000/svg"), 'an address'
        assert 'https://' not in text and "default-src 'none'" in text and 'unsafe' not in text
        assert not re.search('[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f]', text)
        data = json.loads(check.data)
        for index, node in enumerate(data['nodes'][1:], 1): assert 0 <= node[0] < index
        print(check.counts['table'], check.counts['details'], check.counts['polyline'], len(data['nodes']))
        """#

    @Test("it is well formed, loads nothing, and holds tables, lists and charts without scripts")
    func parsed() throws {
        let result = try Tool.run("python3", "-c", Self.oracle, input: .bytes(Array(Self.page.utf8))).check()
        let counts = result.text.split(whereSeparator: { $0 == " " || $0 == "\n" }).compactMap { Int($0) }
        #expect(counts.count == 4 && counts[0] == 4 && counts[1] >= 5 && counts[2] == 4 && counts[3] > 100, "\(result)")
    }

    static let hasBrowser = Tool.exists("chromium")

    /// Opens the page at a place in a browser, and gives what the document became.
    private func open(_ place: String, adding script: String = "", options: [String] = []) throws -> (
        dom: String, log: String
    ) {
        let folder = try TemporaryDirectory("page")
        var text = Self.page
        if !script.isEmpty {
            // A driver, which the policy must let through; all else stays as it is.
            text = text.replacing("script-src '", with: "script-src 'nonce-driver' '")
            text = text.replacing("</body>", with: "<script nonce=\"driver\">\(script)</script></body>")
        }
        let written = try Tool.run("tee", folder("page.html"), input: .bytes(Array(text.utf8))).check()
        #expect(written.output.count == text.utf8.count)
        let result = try Tool.run(
            [
                "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--user-data-dir=\(folder("profile"))", "--virtual-time-budget=4000", "--enable-logging=stderr",
                "--window-size=1300,1000", "--dump-dom",
            ] + options + ["file://\(folder("page.html"))\(place)"], limitSeconds: 60
        ).check()
        let log = result.errorText.split(separator: "\n").filter { $0.contains("CONSOLE") }.joined(separator: "\n")
        return (result.text, log)
    }

    @Test("a browser shows it without complaint, and hostile names stay names", .enabled(if: hasBrowser, "no chromium"))
    func shown() throws {
        let (dom, log) = try open("")
        #expect(log.isEmpty, "\(log)")
        #expect(dom.contains("<title>Disk usage of 2 sources</title>"), "no name ran as a script")
        #expect(dom.contains("data-ready=\"2\""), "the script ran")
        #expect(dom.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !dom.contains("<img"))
        #expect(dom.contains("aria-current=\"location\""))
        #expect(dom.contains("evil\\x{202e}gpj.exe"))
    }

    @Test("an address with a place opens the treemap there", .enabled(if: hasBrowser, "no chromium"))
    func place() throws {
        // Node 1 is the larger source, and node 3 its largest directory: parents come before children, the largest first.
        let (dom, log) = try open("#n3")
        #expect(log.isEmpty, "\(log)")
        let trail = dom.components(between: "<nav id=\"crumbs\"", and: "</nav>")
        #expect(
            trail.contains("holdfast:pg") && trail.contains("aria-current=\"location\"><bdi>base</bdi>"), "\(trail)")
        #expect(dom.components(between: "<tbody>", and: "</tbody>").contains("16384"))
        #expect(try open("#n9999999").dom.contains("aria-current=\"location\"><bdi>All sources</bdi>"))
    }

    @Test("mouse and keys zoom, move, sort and filter", .enabled(if: hasBrowser, "no chromium"))
    func driven() throws {
        let script = #"""
            const log = [], wait = () => new Promise(done => setTimeout(done, 60));
            const here = () => document.querySelector('#crumbs [aria-current]').textContent;
            const key = name => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: name, bubbles: true}));
            (async () => {
              await wait();
              document.querySelector('#map g[tabindex="0"]').focus();
              log.push('focus ' + document.activeElement.getAttribute('role'));
              key('Enter'); await wait(); log.push('enter ' + here());
              log.push('again ' + (document.activeElement.closest('#map') !== null));
              key('End'); log.push('end ' + (document.activeElement.getAttribute('tabindex') === '0'));
              key('Home'); key('ArrowRight'); log.push('moved ' + document.activeElement.hasAttribute('aria-label'));
              key('Escape'); await wait(); log.push('up ' + here());
              const tile = [...document.querySelectorAll('#map g')].find(g => g.querySelector('title').textContent.startsWith('log:'));
              tile.dispatchEvent(new MouseEvent('click', {bubbles: true})); await wait(); log.push('click ' + here());
              document.querySelector('#contents-table th button').click();
              log.push('sort ' + document.querySelector('#contents-table th').getAttribute('aria-sort'));
              const names = [...document.querySelectorAll('#contents-table tbody tr')].map(r => r.cells[0].textContent);
              log.push('sorted ' + (JSON.stringify(names) === JSON.stringify([...names].sort())));
              const field = document.querySelector('.filter input');
              field.value = 'APP.LOG.11'; field.dispatchEvent(new Event('input'));
              log.push('shown ' + [...document.querySelectorAll('#contents-table tbody tr')].filter(r => !r.hidden).length);
              document.querySelector('[data-mode=age]').click();
              log.push('age ' + (document.querySelector('#map rect.a0, #map rect.a1') !== null) + ' ' +
                document.getElementById('legend-kind').hidden);
              const theme = document.getElementById('theme');
              theme.click(); theme.click(); log.push('theme ' + document.documentElement.dataset.theme);
              history.back(); await wait(); log.push('back ' + here());
              const mark = document.createElement('p'); mark.id = 'driven'; mark.textContent = log.join('; ');
              document.body.append(mark);
            })();
            """#
        let (dom, log) = try open("", adding: script)
        #expect(log.isEmpty, "\(log)")
        let told = dom.components(between: "<p id=\"driven\">", and: "</p>")
        #expect(
            told == "focus button; enter holdfast:pg; again true; end true; moved true; up All sources; click log; "
                + "sort ascending; sorted true; shown \(Self.shownByFilter); age true true; theme dark; back All sources"
        )
    }

    /// Of the entries that are shown by themselves, those whose names have the text: all have one size, so the first ones.
    private static let shownByFilter = 10 + 1

    @Test("colours of text and tiles have enough contrast, in light and in dark")
    func contrast() {
        let colors =
            FileCategory.allCases.map(PicturePalette.color) + AgeClass.allCases.map(PicturePalette.color)
            + [PicturePalette.rest, PicturePalette.frame(0), PicturePalette.frame(1), PicturePalette.ground]
        for color in colors {
            #expect(Self.contrast(color.light, PicturePalette.text.light) >= 4.5, "\(color)")
            #expect(Self.contrast(color.dark, PicturePalette.text.dark) >= 4.5, "\(color)")
        }
        #expect(Self.contrast(PicturePalette.muted.light, PicturePalette.ground.light) >= 4.5)
        #expect(Self.contrast(PicturePalette.muted.dark, PicturePalette.ground.dark) >= 4.5)
    }

    /// WCAG 2.2, relative luminance.
    private static func contrast(_ one: String, _ other: String) -> Double {
        let luminance = { (color: String) -> Double in
            let value = Int(color.dropFirst(), radix: 16) ?? 0
            let parts = [16, 8, 0].map { shift -> Double in
                let part = Double(value >> shift & 255) / 255
                return part <= 0.03928 ? part / 12.92 : power((part + 0.055) / 1.055)
            }
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
        }
        let (high, low) = (max(luminance(one), luminance(other)), min(luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)
    }

    /// To the power of 2.4: the fifth root of the twelfth power, by Newton's method.
    private static func power(_ base: Double) -> Double {
        let goal = (0..<12).reduce(1.0) { result, _ in result * base }
        var root = 1.0
        for _ in 0..<200 { root -= (root * root * root * root * root - goal) / (5 * root * root * root * root) }
        return root
    }
}

extension String {
    /// What stands between the first of one text and the next of another.
    fileprivate func components(between start: String, and end: String) -> String {
        guard let first = firstRange(of: start), let last = self[first.upperBound...].firstRange(of: end) else {
            return ""
        }
        return String(self[first.upperBound..<last.lowerBound])
    }
}
