import Foundation

/// `image.json`: everything that went into an image and came out of it. Sorted, and free of the build
/// machine's paths, clock and name, so that equal inputs give equal bytes.
public struct ImageManifest: Codable, Sendable, Equatable {
    /// Increased when a field changes its meaning.
    public static let currentFormat = 1

    public struct Partition: Codable, Sendable, Equatable {
        public var label: String
        /// In bytes from the start of the disk.
        public var offset: UInt64
        public var size: UInt64
        /// Bytes from the partition's start that were written; the rest is a hole.
        public var contentSize: UInt64
        /// Of those bytes.
        public var sha256: String
    }

    public struct File: Codable, Sendable, Equatable {
        public var path: String
        /// `file`, `directory`, `link`, `device`.
        public var type: String
        /// Octal, as `ls` users read it.
        public var mode: String
        public var owner: String
        public var size: UInt64
        public var sha256: String?
        public var target: String?
        public var origin: String
    }

    public struct Package: Codable, Sendable, Equatable {
        public var name: String
        public var version: String
        public var architecture: String
        public var sha256: String
        /// Bytes of its files that are in the image.
        public var installedSize: UInt64
    }

    public struct Verity: Codable, Sendable, Equatable {
        public var rootHash: String
        public var salt: String
        public var dataBlocks: UInt64
    }

    public struct Boot: Codable, Sendable, Equatable {
        public var kernelRelease: String
        public var kernelSHA256: String
        public var initramfsSHA256: String
        public var commandLine: String
        public var rollbackIndex: UInt64
        /// Fingerprint of the key that signed the boot image.
        public var key: String
        public var isDevelopmentKey: Bool
    }

    public struct Machine: Codable, Sendable, Equatable {
        public var cpu: String
        public var cpus: Int
        public var memoryMebibytes: Int
        public var displayWidth: Int
        public var displayHeight: Int
    }

    public struct Input: Codable, Sendable, Equatable {
        public var name: String
        public var sha256: String
    }

    public var format = currentFormat
    public var device: String
    public var model: String
    public var variant: String
    public var architecture: String
    public var suite: String
    public var machine: Machine
    public var boot: Boot
    public var verity: Verity
    public var diskSize: UInt64
    public var partitions: [Partition]
    public var packages: [Package]
    public var files: [File]
    public var inputs: [Input]

    public func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try [UInt8](encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    public static func load(_ path: String) throws -> ImageManifest {
        try JSONDecoder().decode(
            ImageManifest.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
