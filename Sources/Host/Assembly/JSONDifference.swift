import Foundation

/// Finds where two JSON documents differ.
enum JSONDifference {
    /// The first field that differs, by name: `files[/etc/hosts].size: 10 → 12`; nil if none does.
    static func first(_ before: String, _ after: String) throws -> String? {
        func read(_ path: String) throws -> Any {
            try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: path)), options: .fragmentsAllowed)
        }
        return first(try read(before), try read(after), at: "")
    }

    static func first(_ before: Any?, _ after: Any?, at path: String) -> String? {
        if let before = before as? [String: Any], let after = after as? [String: Any] {
            for key in Set(before.keys).union(after.keys).sorted() {
                let path = path.isEmpty ? key : "\(path).\(key)"
                if let found = first(before[key], after[key], at: path) { return found }
            }
            return nil
        }
        if let before = before as? [Any], let after = after as? [Any] {
            for index in 0..<max(before.count, after.count) {
                let old = index < before.count ? before[index] : nil
                let new = index < after.count ? after[index] : nil
                if let found = first(old, new, at: "\(path)[\(name(of: old ?? new, index))]") { return found }
            }
            return nil
        }
        let (old, new) = (text(before), text(after))
        return old == new ? nil : "\(path): \(old) → \(new)"
    }

    /// What people call an element of a list.
    private static func name(of element: Any?, _ index: Int) -> String {
        let fields = element as? [String: Any] ?? [:]
        return ["path", "name", "label"].lazy.compactMap { fields[$0] as? String }.first ?? "\(index)"
    }

    private static func text(_ value: Any?) -> String {
        guard let value else { return "absent" }
        let text = "\(value)"
        // One line, whatever is in it.
        return text.count <= 100 ? text : text.prefix(100) + "…"
    }
}
