import HostSystem
import Services

extension ServiceReader {
    func readIsolation() -> Isolation {
        let node = reader.map("isolation")
        var isolation = Isolation()
        for name in node.texts("namespaces") {
            isolation.namespaces.formUnion(ServiceKeys.namespaces.first { $0.0 == name }?.1 ?? [])
        }
        isolation.noNewPrivileges = node.text("no-new-privileges") == "true"
        if node.text("capabilities") == "none" {
            isolation.boundingCapabilities = 0
        } else if case .list? = node.node["capabilities"]?.content {
            // Of an empty list, none: who lists what it may have wants nothing else.
            isolation.boundingCapabilities = Capabilities.mask(node.texts("capabilities"))
        }
        isolation.ambientCapabilities = Capabilities.mask(node.texts("ambient-capabilities"))
        checkAmbient(isolation, node)
        isolation.hasPrivateTemporaryFiles = node.text("private-tmp") == "true"
        isolation.hasPrivateDevices = node.text("private-dev") == "true"
        isolation.isFileSystemReadOnly = node.text("read-only-root") == "true"
        isolation.paths = readPaths(node.map("paths"))
        isolation.systemCallFilter = readFilter(node)
        isolation.landlock = readLandlock(node.map("landlock"))
        // What is wrong in it has been reported, and is there.
        if case .map(let lists)? = node.node["landlock"]?.content,
            lists.allSatisfy({ $0.value.items.isEmpty && !$0.value.isInvalid })
        {
            diagnostics.add(
                "landlock opens no path: not even the program could be run", at: node.location("landlock"),
                expected: "a path to read, write or execute below, or no 'landlock'")
        }
        return isolation
    }

    private func checkAmbient(_ isolation: Isolation, _ node: NodeReader) {
        for name in node.list("ambient-capabilities")
        where Capabilities.mask([name.value]) & ~isolation.boundingCapabilities != 0 {
            diagnostics.add(
                "ambient capability '\(name.value)' is not among its capabilities", at: name.location,
                expected: "'\(name.value)' in capabilities, or not here")
        }
    }

    private func readPaths(_ paths: NodeReader) -> [Isolation.PathRule] {
        var rules: [Isolation.PathRule] = []
        for entry in paths.node.entries {
            for item in entry.value.items {
                let map = NodeReader(node: item, diagnostics: diagnostics)
                guard let written = item.text ?? map.text("path") ?? map.text("to") else { continue }
                let kind: Isolation.PathRule.Kind
                switch entry.key {
                case "read-only": kind = .readOnly
                case "writable": kind = .writable
                case "hidden": kind = .hidden
                case "temporary": kind = .temporary(sizeBytes: map.bytes("size") ?? 16 << 20)
                default:
                    kind = .bind(
                        source: map.text("from") ?? "", isReadOnly: map.text("read-only") == "true")
                }
                let isOptional = written.hasPrefix("-")
                var rule = Isolation.PathRule(
                    path: isOptional ? String(written.dropFirst()) : written, kind: kind)
                rule.isOptional = isOptional
                rules.append(rule)
            }
        }
        return rules
    }

    private func readFilter(_ node: NodeReader) -> [UInt8] {
        guard node.has("system-calls") else { return [] }
        let table = node.map("system-calls")
        let names = table.has("allow") ? table.list("allow") : node.list("system-calls")
        var isRight = true
        for name in names where !isSystemCall(name) { isRight = false }
        guard isRight else { return [] }
        let refusal = table.text("otherwise").flatMap { SystemCallFilter.Refusal(rawValue: $0) } ?? .error
        do throws(SystemCallFilter.Failure) {
            return try SystemCallFilter(architecture: architecture)
                .compile(allow: names.map(\.value), otherwise: refusal)
        } catch {
            diagnostics.add("no filter can be made of these: \(error)", at: node.location("system-calls"))
            return []
        }
    }

    private func isSystemCall(_ name: Located<String>) -> Bool {
        if name.value.hasPrefix("@") {
            if SystemCallGroups.byName[name.value] != nil { return true }
            diagnostics.addUnknown(
                "group of system calls", name.value, at: name.location, among: SystemCallGroups.byName.keys)
            return false
        }
        if SystemCallFilter.isKnown(name.value) { return true }
        diagnostics.add(
            "unknown system call '\(name.value)'", at: name.location,
            expected: "a system call of Linux, or a group such as @file-system",
            suggestion: NearestName.of(name.value, among: SystemCallGroups.everyCall))
        return false
    }

    /// Paths in the order in which they first stand, each with all its rights.
    private func readLandlock(_ landlock: NodeReader) -> [Isolation.LandlockRule] {
        var rules: [Isolation.LandlockRule] = []
        for entry in landlock.node.entries {
            guard let right = ServiceKeys.landlockRights.first(where: { $0.0 == entry.key })?.1 else {
                continue
            }
            for path in entry.value.items.compactMap(\.text) {
                if let index = rules.firstIndex(where: { $0.path == path }) {
                    rules[index].access.formUnion(right)
                } else {
                    rules.append(Isolation.LandlockRule(path: path, access: right))
                }
            }
        }
        return rules
    }
}
