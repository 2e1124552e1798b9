package import FileTree
package import StorageModel

/// A blob on this machine that is to be pushed: a range of a file.
package struct BlobSource: Sendable {
    package let blob: ContentDescriptor
    package let file: SharedDescriptor
    /// Where in the file the blob begins.
    package let startOffset: UInt64

    package init(_ blob: ContentDescriptor, in file: SharedDescriptor, from startOffset: UInt64 = 0) {
        self.blob = blob
        self.file = file
        self.startOffset = startOffset
    }

    /// The place in the file of a range of the blob.
    func place(_ range: Range<UInt64>) -> Range<UInt64> {
        startOffset + range.lowerBound..<startOffset + range.upperBound
    }
}

/// How a blob came to be in a repository.
package enum PushOutcome: Sendable, Hashable {
    case wasThere
    /// Taken over from another repository of the same registry, without a transfer.
    case mounted
    case uploaded
}
