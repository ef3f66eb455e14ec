import Foundation

/// What a text value must look like. The same pattern is checked here and published in the JSON Schema, so
/// that an editor and `amos build` agree; it is therefore written in the common part of ICU's and ECMA-262's
/// syntax.
struct TextRule: Sendable {
    /// As a person would be told: "a size such as 16 MiB".
    let expected: String
    /// Of the whole text.
    let pattern: String
    private let expression: NSRegularExpression

    init(_ expected: String, _ pattern: String) {
        self.expected = expected
        self.pattern = "^(?:\(pattern))$"
        do {
            expression = try NSRegularExpression(pattern: self.pattern)
        } catch {
            preconditionFailure("the pattern for \(expected) is wrong: \(error)")
        }
    }

    func accepts(_ text: String) -> Bool {
        let whole = NSRange(text.startIndex..., in: text)
        // `$` also matches before a final line break; the range comparison does not.
        return expression.firstMatch(in: text, range: whole)?.range == whole
    }
}

extension TextRule {
    static let any = TextRule("text", #"[\s\S]*\S[\s\S]*"#)
    static let line = TextRule("one line of text", #"[^\n]*\S[^\n]*"#)
    static let word = TextRule("one word, without blanks", #"\S+"#)
    static let name = TextRule(
        "a name of small letters, digits and '-' that starts with a letter", "[a-z][a-z0-9-]{0,31}")
    static let accountName = TextRule(
        "a name of small letters, digits, '-' and '_' that starts with a letter", "[a-z_][a-z0-9_-]{0,30}")
    static let packageName = TextRule("the name of a Debian package", "[a-z0-9][a-z0-9+.-]+")
    static let fingerprint = TextRule(
        "a key's fingerprint, 64 small hex digits, as `amos inspect` shows it", "[0-9a-f]{64}")
    static let moduleName = TextRule("the name of a kernel module, without '.ko'", "[A-Za-z0-9_-]+")
    static let processorName = TextRule("a processor of QEMU such as cortex-a53", "[A-Za-z0-9._,=-]+")
    static let localeName = TextRule("a locale such as C.UTF-8", "[A-Za-z0-9_]+(?:[.][A-Za-z0-9-]+)?")
    static let host = TextRule("a host name or an address", "[A-Za-z0-9.:-]+")
    static let absolutePath = TextRule(
        "an absolute path, without '//', '.' or '..' in it", "/|(?:/(?!\\.{1,2}(?:/|$))[^/\\s]+)+")
    static let sourcePath = TextRule("a path, relative to this file", #"[^\n]*\S[^\n]*"#)
    static let pathPattern = TextRule(
        "a path in the image that starts with '/'; '*' matches within one name, '**' across folders", #"/\S+"#
    )
    static let variable = TextRule("a variable name such as PATH", "[A-Za-z_][A-Za-z0-9_]*")
    static let display = TextRule("width and height such as 720x1280", "[1-9][0-9]{1,4}x[1-9][0-9]{1,4}")
    static let size = TextRule("a size such as 16 MiB (B, KiB, MiB or GiB)", "[0-9]{1,12} (?:B|KiB|MiB|GiB)")
    static let duration = TextRule(
        "a duration such as 3 s (ms, s, min, h or d)", "[0-9]{1,9} (?:ms|s|min|h|d)")
    static let sizeOrUnlimited = TextRule(
        "a size such as 16 MiB (B, KiB, MiB or GiB), or unlimited",
        "(?:[0-9]{1,12} (?:B|KiB|MiB|GiB))|unlimited")
    static let percentage = TextRule("a percentage such as 10 %", "(?:100|[0-9]{1,2}) %")
    static let processorShare = TextRule(
        "a share of one processor such as 50 %, or processor time such as 20 ms per 100 ms",
        "[1-9][0-9]{0,4} %|[1-9][0-9]{0,6} (?:us|ms|s) per [1-9][0-9]{0,6} (?:us|ms|s)")
    static let rate = TextRule(
        "a number of restarts and a time such as 5 per 1 min",
        "[1-9][0-9]{0,4} per [1-9][0-9]{0,8} (?:ms|s|min|h|d)")
    static let devicePath = TextRule(
        "a path below /dev, or subsystem:NAME", "/dev/[^\\s]+|subsystem:[a-z0-9_-]+")
    static let socketAddress = TextRule(
        "an absolute path, or an address and port such as 127.0.0.1:80 or \"[::1]:80\"",
        #"/[^\s:]+|[0-9]{1,3}(?:\.[0-9]{1,3}){3}:[0-9]{1,5}|\[[0-9a-fA-F:.]+\]:[0-9]{1,5}"#)
    static let calendar = TextRule(
        "a point in time such as daily 03:30, Mon..Fri 08:00, *-*-01 04:00 or hourly",
        #"[A-Za-z0-9*][A-Za-z0-9*.,/: -]*"#)
    static let optionalPath = TextRule(
        "an absolute path, with '-' before it if it may be missing", "-?/(?:[^/\\s]+(?:/[^/\\s]+)*)?")
    static let systemCall = TextRule(
        "a system call such as openat, or a group such as @network", "@?[a-z0-9_-]+")
    static let mode = TextRule("an octal mode in quotes such as \"0644\"", "[0-7]{3,4}")
    static let yamlNumber = TextRule(
        "a number",
        "[-+]?(?:0x[0-9a-fA-F_]+|0o[0-7]+|0b[01_]+"
            + "|[0-9][0-9_]*(?::[0-5]?[0-9])*(?:[.][0-9_]*)?(?:[eE][-+]?[0-9]+)?"
            + "|[.][0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[.](?:inf|Inf|INF)|[.](?:nan|NaN|NAN))"
            + "|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")
}
