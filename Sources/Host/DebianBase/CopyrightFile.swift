/// The licences that a machine-readable `copyright` file names (copyright-format 1.0, formerly DEP-5), as
/// SPDX expressions. Other files have no form that could be relied on; nothing is guessed from their text.
public struct CopyrightFile: Sendable, Equatable {
    /// Sorted, each once.
    public let expressions: [String]

    public init(_ text: String) {
        var paragraphs: [[(name: String, value: String)]] = [[]]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.allSatisfy({ $0 == " " }) {
                paragraphs.append([])
            } else if let first = line.first, first != " ", first != "\t", first != "#",
                let colon = line.firstIndex(of: ":")
            {
                let value = String(line[line.index(after: colon)...].drop { $0 == " " })
                paragraphs[paragraphs.count - 1].append((line[..<colon].lowercased(), value))
            }
        }
        paragraphs.removeAll { $0.isEmpty }
        guard let format = paragraphs.first?.first(where: { $0.name == "format" })?.value,
            format.contains("copyright-format") || format.contains("dep5")
        else {
            expressions = []
            return
        }
        // The header's own licence and those of the files; paragraphs without `Files` only hold texts.
        let named = paragraphs.enumerated().filter { number, fields in
            number == 0 || fields.contains { $0.name == "files" }
        }
        let licences = named.flatMap { $0.element.filter { $0.name == "license" } }.map(\.value)
        expressions = Set(licences.filter { !$0.isEmpty }.map(Self.expression)).sorted()
    }

    /// `GPL-2+ or Artistic` → `GPL-2.0-or-later OR Artistic-1.0-Perl`. A comma binds weaker than `and` and
    /// `or`.
    static func expression(_ licence: String) -> String {
        let groups = licence.split(separator: ",").map { group in
            var words: [String] = []
            var name: [Substring] = []
            func finish() {
                if !name.isEmpty { words.append(identifier(name.map(String.init))) }
                name = []
            }
            for word in group.split(separator: " ") {
                switch word.lowercased() {
                case "and", "or":
                    // `a, and b`: the comma has separated already.
                    let isLeading = words.isEmpty && name.isEmpty
                    finish()
                    words.append(isLeading ? "^" + word.uppercased() : word.uppercased())
                default: name.append(word)
                }
            }
            finish()
            return words
        }
        return join(groups.filter { !$0.isEmpty })
    }

    private static func join(_ groups: [[String]]) -> String {
        if groups.count == 1 { return groups[0].joined(separator: " ") }
        var text = ""
        for group in groups {
            var words = group
            var connective = "AND"
            if let first = words.first, first.hasPrefix("^") {
                connective = String(first.dropFirst())
                words.removeFirst()
            }
            let isCompound = words.contains("AND") || words.contains("OR")
            let part = words.joined(separator: " ")
            text += (text.isEmpty ? "" : " \(connective) ") + (isCompound ? "(\(part))" : part)
        }
        return text
    }

    /// One licence's words: `GPL-2+ with OpenSSL exception`.
    private static func identifier(_ words: [String]) -> String {
        guard words.count > 1, words[1].lowercased() == "with" else {
            return shortNames[words.joined(separator: "-").lowercased()]
                ?? versioned(words[0], rest: words.dropFirst()) ?? reference(words)
        }
        // SPDX has its own list of exceptions, which Debian's short names do not follow.
        return reference(words)
    }

    /// GPL-2+ → GPL-2.0-or-later, LGPL-2.1 → LGPL-2.1-only.
    private static func versioned(_ name: String, rest: ArraySlice<String>) -> String? {
        guard rest.isEmpty, let dash = name.lastIndex(of: "-") else { return nil }
        let family = name[..<dash].uppercased()
        guard ["GPL", "LGPL", "AGPL", "GFDL", "FDL"].contains(family) else { return nil }
        var version = name[name.index(after: dash)...]
        let isOpen = version.hasSuffix("+")
        if isOpen { version = version.dropLast() }
        guard !version.isEmpty, version.allSatisfy({ $0.isNumber || $0 == "." }) else { return nil }
        let number = version.contains(".") ? String(version) : version + ".0"
        let spdx = family == "FDL" ? "GFDL" : family
        return "\(spdx)-\(number)-\(isOpen ? "or-later" : "only")"
    }

    /// A licence that SPDX does not list under this name (SPDX 2.3, annex D).
    private static func reference(_ words: [String]) -> String {
        let letters = words.joined(separator: "-").map { letter in
            letter.isASCII && (letter.isLetter || letter.isNumber || letter == "." || letter == "-")
                ? letter : "-"
        }
        return "LicenseRef-Debian-" + String(letters)
    }

    /// Debian's short names that are not SPDX's own.
    private static let shortNames: [String: String] = [
        "apache-2": "Apache-2.0", "apache-2.0": "Apache-2.0", "artistic": "Artistic-1.0-Perl",
        "artistic-2": "Artistic-2.0", "artistic-2.0": "Artistic-2.0", "bsd-2-clause": "BSD-2-Clause",
        "bsd-3-clause": "BSD-3-Clause", "bsd-2-clause-netbsd": "BSD-2-Clause", "bsd-4-clause": "BSD-4-Clause",
        "fsfap": "FSFAP",
        "unicode-dfs-2016": "Unicode-DFS-2016", "hpnd": "HPND", "latex2e": "Latex2e", "boost-1.0": "BSL-1.0",
        "bsl-1.0": "BSL-1.0", "cc0": "CC0-1.0", "cc0-1.0": "CC0-1.0", "expat": "MIT", "mit": "MIT",
        "isc": "ISC", "mpl-1.1": "MPL-1.1", "mpl-2": "MPL-2.0", "mpl-2.0": "MPL-2.0", "ofl-1.1": "OFL-1.1",
        "openssl": "OpenSSL", "unlicense": "Unlicense", "0bsd": "0BSD", "zlib": "Zlib",
        "zlib/libpng": "Zlib",
    ]
}
