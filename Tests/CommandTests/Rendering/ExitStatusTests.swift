import StorageModel
import Testing

@testable import HoldfastCLI

/// Goal: the promise of exit statuses. Method: the table, written down a second time.
@Suite("Exit statuses") struct ExitStatusTests {
    @Test("every kind of error has its status")
    func table() {
        let expected: [StorageError.Code: Int32] = [
            .invalidInput: 2, .notFound: 4, .conflict: 5, .inUse: 5, .permissionDenied: 1, .deniedByCheck: 6,
            .damaged: 7, .truncated: 7, .tooNew: 1, .limitExceeded: 1, .noSpace: 1, .interrupted: 130, .system: 1,
        ]
        for code in StorageError.Code.allCases { #expect(ExitStatus(code).rawValue == expected[code], "\(code)") }
    }

    @Test("a failure counts more than a warning, the first failure more than later ones")
    func combination() {
        #expect(ExitStatus.done.combined(with: .warnings) == .warnings)
        #expect(ExitStatus.warnings.combined(with: .done) == .warnings)
        #expect(ExitStatus.warnings.combined(with: .notFound) == .notFound)
        #expect(ExitStatus.notFound.combined(with: .warnings) == .notFound)
        #expect(ExitStatus.notFound.combined(with: .conflict) == .notFound)
    }

    @Test("errors are told with cause and next step")
    func errorText() {
        let error = StorageError(
            .noSpace, object: "pg", "cannot create volume 'pg'", hint: "free space", causes: ["mkdirat 'pg'"])
        #expect(
            ErrorReport.text(error) == """
                holdfast: cannot create volume 'pg'
                  because: mkdirat 'pg'
                  hint: free space

                """)
    }
}
