package import StorageModel

/// Everything that scans found, as one HTML file that needs nothing else and loads nothing.
///
/// All of it can be read without scripts: the treemap is drawn, tables and charts are there, directories unfold. With scripts
/// the treemap zooms, tables sort and filter. Its policy forbids every request and every script and style but its own, which
/// are told by their digests; names of files are text, never markup. Its size is bounded, whatever the trees hold: about 2 MB.
package enum UsagePage {
    /// - Parameters:
    ///   - reports: with trees where the treemap shall show what is in them.
    ///   - history: of these sources, or of some.
    ///   - madeAt: what the page says.
    package static func render(
        _ reports: [UsageReport], history: [UsageSeries] = [], madeAt: Timestamp = .now
    ) -> String {
        let tree = PictureTree(reports)
        let title = "Disk usage of \(reports.count == 1 ? tree.nodes[0].name : "\(reports.count) sources")"
        let page = PageParts(reports: reports, history: history, tree: tree)
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '\(styleDigest)'; \
            script-src '\(scriptDigest)'; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="referrer" content="no-referrer">
            <meta name="generator" content="holdfast">
            <title>\(MarkupText.escaped(title))</title>
            <style>\(PageStyle.text)</style>
            </head>
            <body>
            <a class="skip" href="#sources">Skip the treemap</a>
            <header><div><h1>\(page.heading)</h1><p class="sub">\(page.subtitle(madeAt))</p></div>
            <div class="tools" data-script hidden><button type="button" id="theme">Colours</button></div></header>
            <main>
            \(page.statistics)\(page.warning)\(page.treemap)\(page.sources)\(page.charts)\(page.largest)\(page.outline)
            </main>
            <footer>Made by holdfast. This page holds all that it shows and loads nothing.</footer>
            <script type="application/json" id="data">\(MarkupText.embedded(page.data(title)))</script>
            <script>\(PageScript.text)</script>
            </body>
            </html>

            """
    }

    /// Of ``PageStyle/text`` and ``PageScript/text``, as the policy names them (Content Security Policy Level 3, 2.3.1): text that
    /// does not change with the page, so its digest is written down here. A test compares.
    package static let styleDigest = "sha256-SKXaMlEckjFORyU1w9S4BrVSz0T+8FNjrer3Chn0tjE="
    package static let scriptDigest = "sha256-ka6tEIq35TY63AvTR3Be0irOh/8CAAqMlQQn5e0Nmsk="

    /// What the digests are of, for the test.
    package static var digested: (style: String, script: String) { (PageStyle.text, PageScript.text) }
}
