import Wire

/// What the texts of a manifest must look like; `amos pack` and handsets apply the same rules.
public enum ManifestRules {
    public static let pathExpected = "a path in the payload, relative, without '.', '..' or empty parts"
    public static let permissionExpected = "a permission such as network: small letters, digits, '-' and '.'"
    public static let languageExpected = "a language tag such as de or pt-BR"
    public static let lineExpected = "one line of text"
    public static let licenceExpected = "an SPDX expression such as Apache-2.0 or \"MIT OR Apache-2.0\""

    /// A path component's own limit (NAME_MAX) is 255; longer paths name nothing that people write by hand.
    public static let pathLimit = 255
    public static let permissionLimit = 64
    /// BCP 47 recommends buffers of 35 characters.
    public static let languageLimit = 35

    public static func isPath(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= pathLimit, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            return false
        }
        return bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
            part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
        }
    }

    public static func isPermission(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= permissionLimit else { return false }
        return isSmallLetter(first)
            && text.utf8.allSatisfy { byte in
                isSmallLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            }
    }

    public static func isLanguage(_ text: String) -> Bool {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard text.utf8.count <= languageLimit, let first = parts.first, (2...3).contains(first.count),
            first.allSatisfy(isSmallLetter)
        else { return false }
        return parts.dropFirst().allSatisfy { part in
            (1...8).contains(part.count) && part.allSatisfy { isDigit($0) || isSmallLetter($0 | 0x20) }
        }
    }

    /// Something visible, and nothing that moves the cursor.
    public static func isLine(_ text: String) -> Bool {
        text.utf8.contains { $0 > 0x20 } && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }

    /// Like a line, with line breaks.
    public static func isText(_ text: String) -> Bool {
        text.utf8.contains { $0 > 0x20 }
            && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\n") }
    }

    public static func isLicence(_ text: String) -> Bool {
        isLine(text)
            && text.utf8.allSatisfy { byte in
                isDigit(byte) || isSmallLetter(byte | 0x20) || byte == 0x20
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
                    || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")") || byte == UInt8(ascii: ":")
            }
    }

    private static func isSmallLetter(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
