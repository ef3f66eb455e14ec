import DiskImage

/// What is different in the second of two images; `ImageComparer` fills it in.
public struct ImageDifference: Encodable, Sendable, Equatable {
    public enum Kind: String, Encodable, Sendable {
        case added
        case removed
        case changed
    }

    /// One property, as text for people: bytes are decimal, modes octal, digests cut to 16 digits.
    public struct Detail: Encodable, Sendable, Equatable {
        public var property: String
        public var before: String
        public var after: String
    }

    public struct Change: Encodable, Sendable, Equatable {
        public var kind: Kind
        /// The partition it is in; empty for what has no partition.
        public var place: String
        /// A path, a package's or partition's name.
        public var subject: String
        /// How much larger it is now.
        public var byteDelta: Int64
        public var details: [Detail]
        /// Of a partition: how many bytes differ, and which is the first, counted from its start.
        public var differingBytes: UInt64?
        public var firstDifference: UInt64?

        /// `changed /etc/hosts (size 10 → 12)`.
        public var text: String {
            var list = details.map { "\($0.property) \($0.before) → \($0.after)" }
            if let differingBytes, let firstDifference {
                list.append("\(differingBytes) bytes differ, the first at \(firstDifference)")
            }
            return list.isEmpty ? subject : "\(subject) (\(list.joined(separator: ", ")))"
        }
    }

    public struct Totals: Encodable, Sendable, Equatable {
        public var added = 0
        public var removed = 0
        public var changed = 0
        public var byteDelta: Int64 = 0
    }

    public var first: String
    public var second: String
    public var partitions: [Change] = []
    public var bootImages: [Change] = []
    public var slotMetadata: [Change] = []
    public var packages: [Change] = []
    /// Those of the system partitions and of the first root file system in the boot images.
    public var files: [Change] = []
    /// Of the files.
    public var totals = Totals()
    /// What is damaged in either image, and may therefore be missing above.
    public var problems: [Inspection.Problem] = []

    /// No byte differs. Partitions are compared byte by byte, so nothing else needs to be asked.
    public var isEmpty: Bool { partitions.isEmpty }

    /// The most telling difference first: a file explains a partition, a partition explains little.
    public var mostTelling: (area: String, change: Change)? {
        let areas = [
            ("file", files), ("boot image", bootImages), ("slot metadata", slotMetadata),
            ("package", packages), ("partition", partitions),
        ]
        return areas.lazy.compactMap { area, changes in changes.first.map { (area, $0) } }.first
    }
}

extension ImageDifference.Detail {
    /// nil where both are equal.
    init?(_ property: String, _ before: some CustomStringConvertible, _ after: some CustomStringConvertible) {
        guard before.description != after.description else { return nil }
        self.init(property: property, before: before.description, after: after.description)
    }
}
