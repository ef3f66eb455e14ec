/// The handset's users and groups: those of the device file and the ones every system has.
struct Accounts {
    private(set) var users: [Device.User] = []
    private(set) var groups: [Device.Group] = []
    private let diagnostics: DiagnosticCollector

    /// No file system uses a higher id, and Linux and Debian give it to "nobody" (`nogroup` as a group).
    static let nobodyID: UInt32 = 65_534
    /// Not in any image: whoever has it cannot log in.
    static let noShell = "/usr/sbin/nologin"

    init(_ reader: NodeReader) {
        diagnostics = reader.diagnostics
        users = [
            .init(name: "root", id: 0, groupID: 0, home: "/", shell: Self.noShell),
            .init(name: "nobody", id: Self.nobodyID, groupID: Self.nobodyID, home: "/", shell: Self.noShell),
        ]
        groups = [
            .init(name: "root", id: 0, members: []), .init(name: "nogroup", id: Self.nobodyID, members: []),
        ]
        readGroups(reader.map("groups").node)
        readUsers(reader.map("users").node)
        checkMembers(reader.map("groups"))
        users.sort { $0.id < $1.id }
        groups.sort { $0.id < $1.id }
    }

    /// Those of a machine that runs already (passwd(5), group(5)); lines that are neither are not its users.
    init(passwd: String, group: String, diagnostics: DiagnosticCollector) {
        self.diagnostics = diagnostics
        for fields in Self.fields(of: group) where fields.count >= 4 {
            guard let id = UInt32(fields[2]) else { continue }
            let members = fields[3].split(separator: ",").map(String.init)
            groups.append(.init(name: fields[0], id: id, members: members))
        }
        for fields in Self.fields(of: passwd) where fields.count >= 7 {
            guard let id = UInt32(fields[2]), let groupID = UInt32(fields[3]) else { continue }
            users.append(
                .init(name: fields[0], id: id, groupID: groupID, home: fields[5], shell: fields[6]))
        }
    }

    private static func fields(of text: String) -> [[String]] {
        text.split(separator: "\n").map { line in
            line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }

    private mutating func readGroups(_ node: SourceNode) {
        for entry in node.entries {
            let group = NodeReader(node: entry.value, diagnostics: diagnostics)
            guard let id = group.integer("id") else { continue }
            addGroup(entry.key, id: UInt32(id), members: group.texts("members"), at: group, entry)
        }
    }

    private mutating func addGroup(
        _ name: String, id: UInt32, members: [String], at reader: NodeReader, _ entry: SourceNode.Entry
    ) {
        if groups.contains(where: { $0.name == name }) {
            diagnostics.add(
                "group '\(name)' exists already", at: entry.keyLocation, expected: "another name")
        } else if let other = groups.first(where: { $0.id == id }) {
            diagnostics.add(
                "group '\(name)' has the same id as group '\(other.name)': \(id)", at: reader.location("id"),
                expected: "an id of its own")
        } else {
            groups.append(.init(name: name, id: id, members: members))
        }
    }

    private mutating func readUsers(_ node: SourceNode) {
        for entry in node.entries {
            let user = NodeReader(node: entry.value, diagnostics: diagnostics)
            guard let id = user.integer("id").map(UInt32.init) else { continue }
            if users.contains(where: { $0.name == entry.key }) {
                diagnostics.add(
                    "user '\(entry.key)' exists already", at: entry.keyLocation, expected: "another name")
                continue
            }
            if let other = users.first(where: { $0.id == id }) {
                diagnostics.add(
                    "user '\(entry.key)' has the same id as user '\(other.name)': \(id)",
                    at: user.location("id"), expected: "an id of its own")
                continue
            }
            if let group = user.located("group") {
                requireGroup(group)
            } else if !groups.contains(where: { $0.name == entry.key }) {
                addGroup(entry.key, id: id, members: [], at: user, entry)
            }
            let groupName = user.text("group") ?? entry.key
            let groupID = groups.first { $0.name == groupName }?.id
            users.append(
                .init(
                    name: entry.key, id: id, groupID: groupID ?? id, home: user.text("home") ?? "/",
                    shell: user.text("shell") ?? Self.noShell))
        }
    }

    private func checkMembers(_ reader: NodeReader) {
        for entry in reader.node.entries {
            NodeReader(node: entry.value, diagnostics: diagnostics).list("members").forEach {
                requireUser($0)
            }
        }
    }

    /// Nil if there is no such user, which is reported.
    @discardableResult
    func requireUser(_ name: Located<String>?) -> Device.User? {
        guard let name else { return nil }
        if let user = users.first(where: { $0.name == name.value }) { return user }
        diagnostics.addUnknown("user", name.value, at: name.location, among: users.map(\.name))
        return nil
    }

    @discardableResult
    func requireGroup(_ name: Located<String>?) -> Device.Group? {
        guard let name else { return nil }
        if let group = groups.first(where: { $0.name == name.value }) { return group }
        diagnostics.addUnknown("group", name.value, at: name.location, among: groups.map(\.name))
        return nil
    }
}
