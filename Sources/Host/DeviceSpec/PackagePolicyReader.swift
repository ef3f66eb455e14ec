import Packages

extension InstallPolicy {
    /// The `package-policy` of a device file. Sorted: the order in which it was written means nothing.
    init(_ reader: NodeReader, variant: Device.Variant) {
        let sideload = Sideload.allCases.first { $0.name == reader.text("sideload") }
        self.init(sideload: sideload ?? .denied, architecture: .arm64)
        offersDeveloperMode = reader.text("developer-mode").map { $0 == "owner" } ?? (variant == .dev)
        reserved = reader.texts("reserved").compactMap { PackageID($0) }.sorted()
        publishers = reader.texts("publishers").compactMap { Digest256(hex: $0) }.sorted()
        let floors = reader.map("floors")
        self.floors = floors.node.entries.compactMap { entry in
            guard let id = PackageID(entry.key), let code = floors.integer(entry.key) else { return nil }
            return .init(id: id, versionCode: UInt64(code))
        }
        self.floors.sort { $0.id < $1.id }
        // Developer mode that nobody can enable is no way in; said so, it is a mistake.
        if sideload == .developerMode, reader.text("developer-mode") == "never" {
            reader.diagnostics.add(
                "nothing could ever be sideloaded: developer-mode is never", at: reader.location("sideload"),
                expected: "sideload: denied, or developer-mode: owner")
        }
    }
}
