import Packages

/// Every key of a `package.yaml`. The reader, the JSON Schema and the reference's table come from here.
enum PackageKeys {
    static let package = KeyTable(
        "a package",
        [
            .init("id", .text(.packageID), "What the package is called, for ever.", .required),
            .init("version", .text(.packageVersion), "For people and for ranges.", .required),
            .init(
                "version-code", .integer(1...Int(VersionCode.limit)),
                "Grows with every release: decides what is an upgrade.", .required),
            .init(
                "kind", .choice(PackageManifest.Kind.allCases.map(\.name)), "What it is to a handset.",
                .required),
            .init(
                "architecture", .choice(PackageManifest.Architecture.allCases.map(\.name)),
                "Which processor its machine code is for; any if it has none.", .required),
            .init("name", .text(.line), "What people see.", .required),
            .init(
                "names", .dictionary(what: "a language", keys: .language, values: .text(.line)),
                "`name` in other languages."),
            .init("description", .text(.any), "What it is for, in a few sentences."),
            .init(
                "descriptions", .dictionary(what: "a language", keys: .language, values: .text(.any)),
                "`description` in other languages."),
            .init("licence", .text(.licence), "An SPDX expression.", .required),
            .init(
                "entry", .text(.payloadPath),
                "What is started: an app's program, a cloud app's web-app manifest."),
            .init(
                "permissions", .list(of: .text(.permission)), "What it asks for; an app or cloud app only."),
            .init(
                "dependencies", .list(of: .text(.dependency)),
                "What must be installed with it; `|` separates alternatives, the preferred one first."),
            .init(
                "provides", .list(of: .text(.provision)),
                "Names under which others may depend on it, each with a version or without."),
            .init("conflicts", .list(of: .text(.relation)), "What must not be installed with it."),
            .init("replaces", .list(of: .text(.relation)), "Packages whose place it takes."),
            .init(
                "minimum-api", .integer(1...Int(PackageManifest.apiLevelLimit)),
                "The oldest API level of a system that it runs on; 1 unless given."),
            .init("icons", .list(of: .map(icon)), "Pictures in the payload."),
            .init("files", .text(.sourcePath), "The folder that becomes the payload; `files` unless given."),
            .init(
                "copy", .list(of: .map(copy)),
                "What else goes into the payload, such as a built program; `files` may be absent then."),
            .init("compression", .choice(["none", "deflate"]), "Of the payload; none unless given."),
            .init(
                "key", .text(.name),
                "The key of `amos keys` that signs it; the development key unless given."),
            .init(
                "rotations", .list(of: .text(.sourcePath)),
                "Statements of `amos keys rotate`, oldest first, that lead to this key."),
        ])

    private static let copy = KeyTable(
        "a copy",
        [
            .init("from", .text(.sourcePath), "A file or folder, relative to this file.", .required),
            .init("to", .text(.payloadPath), "What it is called in the payload.", .required),
        ])

    private static let icon = KeyTable(
        "an icon",
        [
            .init("path", .text(.payloadPath), "Where it is.", .required),
            .init("size", .integer(1...4_096), "Its edge length in pixels.", .required),
        ])
}

extension TextRule {
    private static let id = #"[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+"#
    private static let version = #"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?"#
    private static let range = "\\*|(?:=|>=?|<=?|\\^|~)\(version)(?: (?:>=?|<=?)\(version))?"
    private static let wish = "\(id)(?: (?:\(range)))?"

    static let packageID = TextRule(PackageID.grammar, id)
    static let packageVersion = TextRule(PackageVersion.grammar, version)
    static let relation = TextRule("an id and perhaps a range such as org.amos.sqlite ^3.4.0", wish)
    static let dependency = TextRule(
        "ids with ranges, such as org.amos.sqlite ^3.4.0, or alternatives separated by ' | '",
        "\(wish)(?: \\| \(wish))*")
    static let provision = TextRule(
        "an id and perhaps a version such as org.amos.editor 1.0.0", "\(id)(?: \(version))?")
    static let language = TextRule(ManifestRules.languageExpected, "[a-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
    static let licence = TextRule(ManifestRules.licenceExpected, "[A-Za-z0-9.+:() -]*[A-Za-z0-9)+]")
    static let permission = TextRule(ManifestRules.permissionExpected, "[a-z][a-z0-9.-]{0,63}")
    static let payloadPath = TextRule(
        ManifestRules.pathExpected, #"(?!\.{1,2}(?:/|$))[^/\s]+(?:/(?!\.{1,2}(?:/|$))[^/\s]+)*"#)
}
