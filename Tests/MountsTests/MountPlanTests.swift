import Mounts
import StorageModel
import Testing

/// Goal: of several mounts at one destination the one counts that Docker takes, and the order is always the same. Method:
/// tables of flags, image volumes and other containers against the plan as text.
@Suite("Plans of mounts") struct MountPlanTests {
    /// Flags, and what becomes of them: `destination what < who`.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var volumes: [String] = []
        var mounts: [String] = []
        var tmpfs: [String] = []
        var image: [String] = []
        /// The values of `-v` of other containers, by name, in the order of `--volumes-from`.
        var others: [(name: String, volumes: [String], mode: String)] = []
        let expected: [String]
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "nothing", expected: []),
        Case(name: "a volume of the image", image: ["/data"], expected: ["/data anonymous < image"]),
        Case(
            name: "declarations are cleaned", image: ["/data/", "/data", "var/x", "/", "/a/../b"],
            expected: ["/b anonymous < image", "/data anonymous < image", "/var/x anonymous < image"]),
        Case(
            name: "a named volume replaces the image's", volumes: ["pg:/data"], image: ["/data"],
            expected: ["/data pg < -v"]),
        Case(
            name: "a tmpfs replaces the image's", tmpfs: ["/data"], image: ["/data"],
            expected: ["/data tmpfs < --tmpfs"]),
        Case(
            name: "-v without a source loses to everything", volumes: ["/a", "x:/a", "/b"], tmpfs: ["/b"],
            expected: ["/a x < -v", "/b tmpfs < --tmpfs"]),
        Case(name: "-v without a source twice", volumes: ["/a", "/a/"], expected: ["/a anonymous < -v"]),
        Case(
            name: "another container's volume beats -v without a source and the image", volumes: ["/a"],
            image: ["/a", "/b"],
            others: [("one", ["x:/a", "y:/b"], "rw")], expected: ["/a x nocopy < one", "/b y nocopy < one"]),
        Case(
            name: "of two other containers the later counts",
            others: [("one", ["x:/a", "/h:/b"], "rw"), ("two", ["y:/a"], "rw")],
            expected: ["/a y nocopy < two", "/b /h < one"]),
        Case(
            name: "flags beat other containers", volumes: ["z:/a"], mounts: ["type=bind,src=/h,dst=/b"],
            others: [("one", ["x:/a", "y:/b"], "rw")], expected: ["/a z < -v", "/b /h < --mount"]),
        Case(
            name: "read-only there is read-only here", others: [("one", ["x:/a:ro", "y:/b"], "rw")],
            expected: ["/a x ro nocopy < one", "/b y nocopy < one"]),
        Case(
            name: "read-only for all", others: [("one", ["x:/a", "/h:/b"], "ro")],
            expected: ["/a x ro nocopy < one", "/b /h ro < one"]),
        Case(
            name: "an anonymous volume stays one", others: [("one", ["/a"], "rw")],
            expected: ["/a anonymous nocopy < one"]),
        Case(
            name: "by depth, then by bytes", volumes: ["v:/b/c/d", "v:/a/z", "v:/z", "v:/B", "v:/a-b/c", "v:/b"],
            tmpfs: ["/a"],
            expected: [
                "/B v < -v", "/a tmpfs < --tmpfs", "/b v < -v", "/z v < -v", "/a-b/c v < -v", "/a/z v < -v",
                "/b/c/d v < -v",
            ]),
        Case(
            name: "identical requests are one", volumes: ["v:/a:ro", "v:/a/:ro"], mounts: ["src=v,dst=/a,readonly"],
            expected: ["/a v ro < -v"]),
    ]

    @Test("who wins, and in which order", arguments: cases)
    func plan(_ example: Case) throws {
        let request = try MountGrammar.request(
            volumes: example.volumes, mounts: example.mounts, tmpfs: example.tmpfs, currentDirectory: "/")
        let others = try example.others.map { other in
            let theirs = try MountGrammar.request(volumes: other.volumes, currentDirectory: "/")
            return InheritedContainer(
                name: other.name, mounts: try MountPlan(request: theirs).containerMounts, isReadOnly: other.mode == "ro"
            )
        }
        let plan = try MountPlan(request: request, imageVolumes: example.image, inherited: others)
        #expect(plan.mounts.map(Self.text) == example.expected)
        var backwards = request
        backwards.mounts.reverse()
        let other = try MountPlan(request: backwards, imageVolumes: example.image.reversed(), inherited: others)
        #expect(other.mounts.map(\.destination) == plan.mounts.map(\.destination))
    }

    private static func text(_ planned: PlannedMount) -> String {
        let spec = planned.mount.spec
        var words = [spec.destination.rawValue]
        var isPopulated = true
        switch spec.content {
        case .volume(let volume):
            words.append(volume.name?.rawValue ?? "anonymous")
            isPopulated = volume.isPopulated
        case .bind(let bind): words.append(bind.source)
        case .tmpfs: words.append("tmpfs")
        case .image(let image): words.append(image.reference)
        }
        if spec.isReadOnly { words.append("ro") }
        if !isPopulated { words.append("nocopy") }
        switch planned.mount.origin {
        case .image: words.append("< image")
        case .volumesFrom(let name): words.append("< \(name)")
        case .volumeFlag: words.append("< -v")
        case .mountFlag: words.append("< --mount")
        case .tmpfsFlag: words.append("< --tmpfs")
        case .compose(let name): words.append("< service \(name)")
        }
        return words.joined(separator: " ")
    }

    @Test(
        "two flags that want different things at one destination are named",
        arguments: [
            (["a:/x", "b:/x"], [], [], ["-v a:/x", "-v b:/x"]),
            (["a:/x", "a:/x:ro"], [], [], ["-v a:/x", "-v a:/x:ro"]),
            (["a:/x"], ["src=b,dst=/x/"], [], ["-v a:/x", "--mount src=b,dst=/x/"]),
            (["/h:/x"], [], ["/x"], ["-v /h:/x", "--tmpfs /x"]),
            ([], ["dst=/x", "type=tmpfs,dst=/x"], [], ["--mount dst=/x", "--mount type=tmpfs,dst=/x"]),
            ([], [], ["/x", "/x:size=1m"], ["--tmpfs /x", "--tmpfs /x:size=1m"]),
        ])
    func duplicates(_ volumes: [String], _ mounts: [String], _ tmpfs: [String], _ named: [String]) throws {
        let request = try MountGrammar.request(volumes: volumes, mounts: mounts, tmpfs: tmpfs, currentDirectory: "/")
        let error = try #require(throws: StorageError.self) { try MountPlan(request: request) }
        #expect(error.code == .invalidInput)
        for name in named { #expect(error.message.contains(name), "\(error.message)") }
    }

    @Test("the reason says who asked, what is replaced and what must be there before")
    func reasons() throws {
        let request = try MountGrammar.request(volumes: ["a:/x", "b:/x/y/z"], currentDirectory: "/")
        let other = try MountPlan(request: try MountGrammar.request(volumes: ["c:/x"], currentDirectory: "/"))
        let plan = try MountPlan(
            request: request, imageVolumes: ["/x", "/x/y"],
            inherited: [InheritedContainer(name: "web", mounts: other.containerMounts, isReadOnly: false)])
        #expect(
            plan.mounts.map(\.reason) == [
                "-v a:/x; in place of --volumes-from web, VOLUME of the image",
                "VOLUME of the image; after /x, which it lies in", "-v b:/x/y/z; after /x/y, which it lies in",
            ])
    }

    @Test("what another container has in memory is left out, and told")
    func memory() throws {
        let theirs = try MountGrammar.request(volumes: ["a:/x"], tmpfs: ["/run"], currentDirectory: "/")
        let plan = try MountPlan(
            request: .none,
            inherited: [
                InheritedContainer(
                    name: "web", mounts: try MountPlan(request: theirs).containerMounts, isReadOnly: false)
            ])
        #expect(plan.mounts.map(\.destination.rawValue) == ["/x"])
        #expect(plan.omitted.map(\.destination.rawValue) == ["/run"])
    }

    @Test("the mounts of a container are planned as they are")
    func settled() throws {
        let request = try MountGrammar.request(volumes: ["a:/x", "/h:/x/y:ro"], currentDirectory: "/")
        let made = try MountPlan(request: request)
        #expect(MountPlan(of: made.containerMounts.reversed()).containerMounts == made.containerMounts)
    }
}
