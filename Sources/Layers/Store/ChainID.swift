internal import Archive
package import StorageModel

/// The identity of a layer on top of others (OCI image specification, "Layer ChainID").
package enum ChainID {
    /// The chain id of the layer `diffID` on top of `parent`; a lowest layer's is its own digest.
    package static func of(_ diffID: Digest, on parent: Digest?) -> Digest {
        guard let parent else { return diffID }
        return ContentHasher.digest(Array("\(parent) \(diffID)".utf8))
    }

    /// The chain ids of layers from the lowest up.
    package static func chain(_ diffIDs: [Digest]) -> [Digest] {
        var result: [Digest] = []
        for diffID in diffIDs { result.append(of(diffID, on: result.last)) }
        return result
    }
}
