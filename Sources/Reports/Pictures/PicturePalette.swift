/// The colours of pictures, for light and for dark surroundings.
///
/// Text on a tile has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3): near black on the light set, near white on the dark one.
package enum PicturePalette {
    package struct Color: Hashable, Sendable {
        package let light: String
        package let dark: String
    }

    package static func color(_ category: FileCategory) -> Color {
        switch category {
        case .database: Color(light: "#8ab4f8", dark: "#2c5aa3")
        case .image: Color(light: "#f7a8cb", dark: "#94386a")
        case .video: Color(light: "#cfb0f7", dark: "#68429f")
        case .archive: Color(light: "#ffc285", dark: "#8f5216")
        case .package: Color(light: "#ecd06f", dark: "#75600f")
        case .log: Color(light: "#b7c4d3", dark: "#485668")
        case .document: Color(light: "#97dcbd", dark: "#1f6b53")
        case .code: Color(light: "#7dd3e6", dark: "#17657a")
        case .program: Color(light: "#f0a097", dark: "#943c34")
        case .other: Color(light: "#d6d2ca", dark: "#55524c")
        }
    }

    package static func color(_ age: AgeClass) -> Color {
        switch age {
        case .day: Color(light: "#ff9e73", dark: "#a5411a")
        case .week: Color(light: "#ffbe7a", dark: "#8f5512")
        case .month: Color(light: "#f2d983", dark: "#736312")
        case .quarter: Color(light: "#b9dca5", dark: "#3f6a3a")
        case .year: Color(light: "#8ecbd9", dark: "#22637a")
        case .older: Color(light: "#b3b8dc", dark: "#494f8c")
        }
    }

    /// Behind the content of directories, by depth.
    package static func frame(_ depth: Int) -> Color {
        depth % 2 == 0 ? Color(light: "#eef1f5", dark: "#20252c") : Color(light: "#e1e6ec", dark: "#2a3039")
    }

    package static let rest = Color(light: "#c9ced6", dark: "#3b424d")
    package static let text = Color(light: "#14181d", dark: "#f3f5f7")
    package static let ground = Color(light: "#ffffff", dark: "#14171c")
    package static let muted = Color(light: "#545d68", dark: "#a3adb8")

    /// The class of a tile by its kind, and by its age.
    package static func kindClass(_ node: PictureTree.Node) -> String {
        node.kind == .rest ? "kr" : "k\(node.category.rawValue)"
    }

    package static func ageClass(_ node: PictureTree.Node, now: Int64) -> String {
        node.newestSeconds.map { "a\(AgeClass(ageSeconds: now &- $0).rawValue)" } ?? "kr"
    }
}
