/// One package's entry in an archive's list: the fields that matter here.
struct PackageStanza: Sendable, Equatable {
    var name: String
    var version: String
    var architecture: String
    /// Source package, without its version.
    var source: String
    /// One element per comma: the alternatives, in order of preference.
    var dependencies: [[String]]
    var provides: [String]
    var path: String
    var size: UInt64
    var sha256: String

    /// RFC 822 paragraphs, as `apt-cache show` prints them (deb-control(5)).
    static func parse(_ text: String) -> [PackageStanza] {
        var stanzas: [PackageStanza] = []
        var fields: [Substring: Substring] = [:]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                if let stanza = PackageStanza(fields) { stanzas.append(stanza) }
                fields = [:]
            } else if line.utf8.first != UInt8(ascii: " "),
                let colon = line.utf8.firstIndex(of: UInt8(ascii: ":"))
            {
                let value = line[line.index(after: colon)...]
                fields[line[..<colon]] = value.drop { $0 == " " }
            }
        }
        if let stanza = PackageStanza(fields) { stanzas.append(stanza) }
        return stanzas
    }

    private init?(_ fields: [Substring: Substring]) {
        guard let name = fields["Package"], let version = fields["Version"] else { return nil }
        self.name = String(name)
        self.version = String(version)
        architecture = String(fields["Architecture"] ?? "")
        source = String((fields["Source"] ?? name).prefix { $0 != " " })
        dependencies = ["Pre-Depends", "Depends"].flatMap { Self.relations(fields[$0] ?? "") }
        provides = Self.relations(fields["Provides"] ?? "").flatMap { $0 }
        path = String(fields["Filename"] ?? "")
        size = fields["Size"].flatMap { UInt64($0) } ?? 0
        sha256 = String(fields["SHA256"] ?? "")
    }

    /// `a (>= 1) | b:any, c` → [[a, b], [c]]: versions are apt's affair, which has solved them already.
    private static func relations(_ field: Substring) -> [[String]] {
        field.split(separator: ",").map { clause in
            clause.split(separator: "|").map { alternative in
                String(alternative.drop { $0 == " " }.prefix { $0 != " " && $0 != ":" && $0 != "(" })
            }
        }
    }
}
