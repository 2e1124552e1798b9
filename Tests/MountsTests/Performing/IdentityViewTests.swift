import StorageModel
import TestSupport
import Testing

@testable import Mounts

/// Goal: the ids that a mount shows are those that were asked for, in the container and on disk. Method: tables of what is
/// asked for, with every id that matters looked up both ways.
@Suite("Mapping owners of mounts") struct IdentityViewTests {
    private func view(
        _ identity: SourceAccess.Identity, _ mapping: String? = nil, owner: (UInt32, UInt32) = (1000, 1001)
    ) throws -> IdentityView? {
        let mapping = try mapping.map { try IdentityMapping($0) }
        let user = { (name: String?) throws(StorageError) -> MountUser in
            name == nil ? MountUser(uid: 5, gid: 6) : MountUser(uid: 7, gid: 8)
        }
        return try IdentityView.make(
            identity, mapping, owner: MountUser(uid: owner.0, gid: owner.1), user: user, for: "'/src'")
    }

    @Test("the owner of the source and the container's user change places, all others stay")
    func exchange() throws {
        let view = try #require(try view(.matchUser(nil)))
        for (stored, shown) in [(0, 0), (4, 4), (5, 1000), (6, 6), (999, 999), (1000, 5), (1001, 1001)]
            as [(UInt32, UInt32)]
        {
            #expect(view.users.outside(of: stored) == shown, "\(stored)")
            #expect(view.users.inside(of: shown) == stored, "\(shown)")
        }
        #expect(view.groups.outside(of: 1001) == 6 && view.groups.outside(of: 6) == 1001)
        #expect(view.users.outside(of: UInt32.max - 1) == UInt32.max - 1)
    }

    @Test("edges: neighbours, 0, the last id, and nothing to exchange")
    func edges() throws {
        for (one, other) in [(0, 1), (1, 0), (0, UInt32.max - 1), (7, 7), (41, 42)] as [(UInt32, UInt32)] {
            let mapping = try IdentityView.exchanging(one, other)
            #expect(mapping.outside(of: one) == other && mapping.outside(of: other) == one)
            #expect(mapping.ranges.reduce(0) { $0 + UInt64($1.count) } == UInt64(UInt32.max), "no id is lost")
        }
        #expect(try view(.matchUser("app"), owner: (7, 8)) == nil)
        #expect(try view(.asStored) == nil)
    }

    @Test("in a user namespace ids of the container are the host's that it shows")
    func namespace() throws {
        let own = try #require(try view(.userNamespace, "0:100000:65536"))
        #expect(own.users.outside(of: 1000) == 101_000)
        let matched = try #require(try view(.matchUser(nil), "0:100000:65536"))
        #expect(matched.users.outside(of: 1000) == 100_005 && matched.groups.outside(of: 1001) == 100_006)
        let mapped = try #require(
            try view(.mapping(uids: "0:1000:1,1:2000:10", gids: "5:1001:1"), "0:100000:3,3:200000:100"))
        #expect(mapped.users.outside(of: 1000) == 100_000)
        #expect(mapped.users.outside(of: 2001) == 100_002 && mapped.users.outside(of: 2002) == 200_000)
        #expect(mapped.users.outside(of: 0) == nil)
        #expect(mapped.groups.outside(of: 1001) == 200_002)
    }

    @Test("what the namespace does not have is refused")
    func refused() throws {
        #expect(throws: StorageError.self) { try view(.userNamespace) }
        #expect(throws: StorageError.self) { try view(.matchUser(nil), "0:100000:2") }
        #expect(throws: StorageError.self) { try view(.mapping(uids: "9:1000:1", gids: "0:0:1"), "0:100000:2") }
    }
}
