internal import Crypto

/// Digests of the tests' own data.
package enum Checksum {
    /// SHA-256, as 64 hexadecimal digits.
    package static func hex(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// SHA-256, as OCI writes digests.
    package static func digest(_ bytes: [UInt8]) -> String { "sha256:" + hex(bytes) }
}
