/// The style sheet of the page. Colours are variables, so that light and dark are one set of rules.
enum PageStyle {
    static let text = variables + rules

    private static let colors: [(name: String, color: PicturePalette.Color)] =
        FileCategory.allCases.map { ("k\($0.rawValue)", PicturePalette.color($0)) }
        + AgeClass.allCases.map { ("a\($0.rawValue)", PicturePalette.color($0)) }
        + [("f0", PicturePalette.frame(0)), ("f1", PicturePalette.frame(1)), ("kr", PicturePalette.rest)]

    private static let surroundings: [(name: String, color: PicturePalette.Color)] = [
        ("ground", PicturePalette.Color(light: "#f6f7f9", dark: "#101318")),
        ("card", PicturePalette.Color(light: "#ffffff", dark: "#181c22")),
        ("line", PicturePalette.Color(light: "#d9dee5", dark: "#323a45")),
        ("ink", PicturePalette.text), ("muted", PicturePalette.muted),
        ("accent", PicturePalette.Color(light: "#1558c0", dark: "#8ab4f8")),
        ("soft", PicturePalette.Color(light: "#dbe7fb", dark: "#22324b")),
        ("warn", PicturePalette.Color(light: "#8a4b00", dark: "#ffc285")),
        ("warnback", PicturePalette.Color(light: "#fff1dc", dark: "#33261a")),
    ]

    private static let variables: String = {
        let all = colors + surroundings
        let dark = all.map { "--\($0.name):\($0.color.dark)" }.joined(separator: ";") + ";color-scheme:dark"
        let light = all.map { "--\($0.name):\($0.color.light)" }.joined(separator: ";") + ";color-scheme:light"
        return ":root{\(light)}\n@media (prefers-color-scheme:dark){:root:not([data-theme=light]){\(dark)}}\n"
            + ":root[data-theme=dark]{\(dark)}\n@media print{:root:root{\(light)}}\n"
            + colors.map { ".\($0.name){fill:var(--\($0.name))}" }.joined() + "\n"
    }()

    private static let rules = """
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
        "Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
        main,header,footer{max-width:1440px;margin:0 auto;padding:0 24px}
        header{display:flex;align-items:flex-start;gap:16px;padding-top:28px}
        header>div:first-child{flex:1;min-width:0}
        h1{font-size:28px;line-height:1.2;margin:0;letter-spacing:-.02em;overflow-wrap:anywhere}
        h2{font-size:18px;margin:0 0 12px;letter-spacing:-.01em}
        h3{font-size:15px;margin:0;overflow-wrap:anywhere}
        p{margin:0}.sub{color:var(--muted)}
        section{margin-top:28px}
        .card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px}
        .stats{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0 0;padding:0}
        .stats div{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 16px}
        .stats dt{color:var(--muted);font-size:13px}.stats dd{margin:0;font-size:24px;font-weight:600;line-height:1.25}
        .stats small{display:block;font-size:13px;font-weight:400;color:var(--muted)}
        .note{margin-top:16px;padding:10px 16px;border-radius:12px;background:var(--warnback);color:var(--warn)}
        a{color:var(--accent)}
        button,input{font:inherit;color:inherit}
        button{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:4px 12px;cursor:pointer;
        min-height:32px}
        button:hover{background:var(--soft)}
        button[aria-pressed=true]{background:var(--accent);border-color:var(--accent);color:var(--card)}
        :focus-visible{outline:3px solid var(--accent);outline-offset:2px}
        .skip{position:absolute;left:-999px}.skip:focus{left:16px;top:8px;background:var(--card);padding:8px;z-index:2}
        .bar{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;margin-bottom:10px}
        #crumbs{flex:1;min-width:0}
        #crumbs ol{display:flex;flex-wrap:wrap;list-style:none;margin:0;padding:0;gap:2px 0}
        #crumbs li{display:flex;align-items:center;min-width:0}
        #crumbs li+li::before{content:"/";color:var(--muted);margin:0 2px}
        #crumbs button{border:0;background:none;color:var(--accent);padding:2px 6px;overflow-wrap:anywhere;text-align:left}
        #crumbs [aria-current]{font-weight:600;padding:2px 6px;overflow-wrap:anywhere}
        .modes{display:flex;gap:0;align-items:center}.modes span{color:var(--muted);margin-right:8px;font-size:13px}
        .modes button{border-radius:0}.modes button:first-of-type{border-radius:8px 0 0 8px}
        .modes button:last-of-type{border-radius:0 8px 8px 0;border-left:0}
        #map svg{display:block;width:100%;height:auto;border-radius:8px;font-size:12px;font-family:inherit}
        #map text{fill:var(--ink);pointer-events:none}#map .size{opacity:.85}#map .top{font-weight:600}
        #map rect{transition:opacity .1s}
        #map g.can{cursor:pointer}
        #map g:hover>rect{stroke:var(--ink);stroke-width:1.5}
        #map g:focus{outline:none}
        #map g:focus-visible>rect{stroke:var(--accent);stroke-width:4}
        #contents{margin-top:20px}#contents h3{margin-bottom:8px}
        #info{min-height:24px;margin-top:8px;color:var(--muted);overflow-wrap:anywhere}
        #info b{color:var(--ink)}
        .quiet{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        .legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:10px 0 0;padding:0;font-size:13px}
        .legend li{display:flex;align-items:center;gap:6px}.legend svg{width:14px;height:14px;flex:none}
        .legend span{color:var(--muted)}
        [hidden]{display:none!important}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:14px}
        caption{text-align:left;color:var(--muted);padding-bottom:6px}
        th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:middle}
        td.name{min-width:180px;overflow-wrap:anywhere}
        th{font-size:13px;font-weight:600;color:var(--muted);white-space:nowrap}
        th button{border:0;background:none;padding:0;min-height:24px;font-weight:600;color:inherit}
        th[aria-sort=ascending] button::after{content:" \\2191"}th[aria-sort=descending] button::after{content:" \\2193"}
        .n{text-align:right;white-space:nowrap}
        tbody tr:hover{background:var(--soft)}
        td button{border:0;background:none;color:var(--accent);padding:0;min-height:24px;text-align:left;
        overflow-wrap:anywhere}
        .share{width:110px;height:8px;display:block}.share rect{fill:var(--line)}.share rect+rect{fill:var(--accent)}
        .filter{display:flex;gap:10px;align-items:center;margin-bottom:8px;color:var(--muted);font-size:13px}
        .filter input{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:4px 10px;
        min-width:0;width:260px;min-height:32px}
        .grid2{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:16px}
        .chart,.spark{display:block;overflow:visible}.chart{width:100%;max-width:720px;height:auto;margin-top:8px}
        .spark{width:100px;height:24px}
        .chart text{fill:var(--muted);font-size:14px}.chart .grid{stroke:var(--line)}
        .line{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round;vector-effect:non-scaling-stroke}
        .area{fill:var(--accent);opacity:.12}.dot{fill:var(--card);stroke:var(--accent);stroke-width:1.5}
        .dot.bound{stroke-dasharray:2 1.5}
        details{border-left:2px solid var(--line);padding-left:12px;margin:2px 0}
        .card>details{border:0;padding:0}
        summary{cursor:pointer;overflow-wrap:anywhere;padding:2px 0}
        summary span,.leaf span{color:var(--muted);margin-left:8px;white-space:nowrap}
        .leaf{padding:2px 0 2px 16px;overflow-wrap:anywhere}
        footer{color:var(--muted);font-size:13px;padding-top:28px;padding-bottom:40px}
        @media (max-width:640px){main,header,footer{padding-left:12px;padding-right:12px}h1{font-size:22px}
        .card{padding:12px}.stats{grid-template-columns:1fr 1fr}.stats dd{font-size:20px}th,td{padding:6px}
        .filter input{width:100%}}
        @media (prefers-reduced-motion:reduce){*{transition:none!important}}
        @media print{body{background:#fff;font-size:12px}.tools,.modes,.filter,#info,.skip{display:none!important}
        h2,h3{break-after:avoid}tr,svg{break-inside:avoid}.scroll{overflow:visible}
        main,header,footer{max-width:none;padding:0}#map svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        @media (forced-colors:active){#map rect{stroke:CanvasText}}

        """
}
