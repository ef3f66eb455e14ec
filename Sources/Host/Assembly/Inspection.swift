import DiskImage
import HostSystem
import Slots

/// Everything that can be said of an image by reading it. `Inspector` fills it in; scripts get it as JSON.
public struct Inspection: Encodable, Sendable {
    public enum Kind: String, Encodable, Sendable {
        case disk
        case bootImage = "boot image"
        case systemPartition = "system partition"
        case dataPartition = "data partition"
    }

    /// Something in the image that is not as it must be.
    public struct Problem: Encodable, Sendable, Equatable {
        /// A partition's label, or the file's name.
        public var place: String
        public var text: String
    }

    public struct Partition: Encodable, Sendable, Equatable {
        public var label: String
        public var offset: UInt64
        public var size: UInt64
        /// What is in use of it; nil: it holds nothing that is known here.
        public var usedBytes: UInt64?
        public var content: String
    }

    /// What `misc` tells the loader.
    public struct SlotTable: Encodable, Sendable, Equatable {
        public struct State: Encodable, Sendable, Equatable {
            public var slot: String
            public var priority: Int
            public var attemptsLeft: Int
            public var isSuccessful: Bool
            /// Reason and detail; nil: none is recorded.
            public var lastFailure: String?
        }

        public var slots: [State]
        public var rollbackFloor: UInt64
        public var pendingCommand: String
        /// How far the latest boot got: none, started, healthy, failed.
        public var latestBoot: String
        public var sequence: UInt64
    }

    public struct Boot: Encodable, Sendable, Equatable {
        public var label: String
        public var size: UInt64
        public var kernelSize: UInt64
        public var kernelSHA256: String
        public var initramfsSize: UInt64
        public var initramfsSHA256: String
        public var commandLine: String
        public var rollbackIndex: UInt64
        public var rootHash: String
        /// `dev` or `user`.
        public var variant: String
        public var signer: String
        /// The name of this machine's key that signed it.
        public var key: String?
        /// The signature fits; nil: the key is not on this machine, so nobody can tell.
        public var isSignatureValid: Bool?
    }

    public struct System: Encodable, Sendable {
        public var label: String
        public var volume: String
        public var uuid: String
        /// Bytes of the file system, without the verity tree.
        public var size: UInt64
        public var inodes: UInt64
        public var isCompressed: Bool
        /// What the files hold, each counted once.
        public var contentBytes: UInt64
        /// What they take in the image, inodes included.
        public var storedBytes: UInt64
        /// By compression; 0 without.
        public var savedBytes: UInt64
        public var verity: ImageManifest.Verity?
        public var verityBytes: UInt64
        /// The label of another partition that has exactly the same files, which are not repeated here.
        public var sameAs: String?
        public var files: [File]
    }

    public struct File: Encodable, Sendable, Equatable {
        public var path: String
        /// `file`, `directory`, `link`, `device`, `fifo`, `socket`.
        public var type: String
        public var mode: String
        public var owner: String
        public var size: UInt64
        public var storedSize: UInt64
        public var modificationTime: Int64
        /// Where a link leads, or a device's numbers.
        public var target: String?
        /// From `image.json`, where that belongs to the image: `package:libc6`, `program`.
        public var origin: String?
    }

    public struct DataVolume: Encodable, Sendable, Equatable {
        public var label: String
        public var volume: String
        public var uuid: String
        public var size: UInt64
        public var freeBytes: UInt64
        public var inodes: UInt64
        public var freeInodes: UInt64
        public var features: [String]
        public var isClean: Bool
    }

    public struct Package: Encodable, Sendable, Equatable {
        public var name: String
        public var version: String
        /// Bytes of its files in the image.
        public var size: UInt64
    }

    public var file: String
    public var kind: Kind
    public var size: UInt64
    /// Holes not counted.
    public var bytesOnDisk: UInt64
    public var partitions: [Partition] = []
    public var slotTable: SlotTable?
    public var boots: [Boot] = []
    public var systems: [System] = []
    public var dataVolumes: [DataVolume] = []
    /// Sorted by size, the largest first. nil: no `image.json` that belongs to the image stands beside it.
    public var packages: [Package]?
    public var problems: [Problem] = []
}

/// Why a file could not be looked at at all. What is wrong inside an image is a `Problem` instead.
public enum InspectionError: Error, CustomStringConvertible {
    case unreadable(SystemError)
    case notAFile(path: String)
    case noImage(folder: String)
    case notAnImage(path: String)
    case wrapped(path: String, format: String, unwrap: String)
    case damaged(DiskImageError)
    case differentKinds(String, Inspection.Kind, String, Inspection.Kind)

    public var description: String {
        switch self {
        case .unreadable(let error): error.description
        case .notAFile(let path): "\(path) is neither a regular file nor a folder; give an image"
        case .noImage(let folder):
            "\(folder) has no disk.img; `amos build DEVICE` leaves one in out/DEVICE"
        case .notAnImage(let path):
            "\(path) is not an image: it is neither a disk (GPT), nor a boot image, nor a system (EROFS) or "
                + "data (ext4) partition"
        case .wrapped(let path, let format, let unwrap):
            "\(path) is a \(format) image, which is not read directly; unwrap it first: \(unwrap)"
        case .damaged(let error): error.description
        case .differentKinds(let first, let kind, let second, let other):
            "\(first) is a \(kind.rawValue), \(second) a \(other.rawValue); compare two of a kind"
        }
    }
}
