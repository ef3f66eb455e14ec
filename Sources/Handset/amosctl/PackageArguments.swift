import Bridge
import LinuxSystem
import Wire

/// What follows `amosctl pkg`.
struct PackageArguments {
    /// One command: how many words follow it, and what else may be said.
    struct Verb {
        let name: String
        let operation: PackageServiceRequest.Operation
        /// Words without which it means nothing, and the most that it takes.
        var words: ClosedRange<Int> = 0...0
        /// What the first word is, when it is missing.
        var what = ""
        var options: Options = []
    }

    struct Options: OptionSet {
        let rawValue: UInt8
        static let dryRun = Options(rawValue: 1)
        static let keepData = Options(rawValue: 2)
        static let downgrade = Options(rawValue: 4)
        static let dependency = Options(rawValue: 8)
        static let remove = Options(rawValue: 16)
    }

    /// As many as somebody types, or a shell makes of `*.apk` in a folder of packages.
    private static let wordLimit = 256
    /// Of a program; execve(2) has limits of its own.
    private static let argumentLimit = 4_096
    private static let package = "which package? `amosctl pkg list` lists them"
    private static let install = "which package? an id that a repository offers, or a file of `amos pack`"

    static let verbs: [Verb] = [
        Verb(name: "list", operation: .list),
        Verb(name: "show", operation: .show, words: 1...1, what: package),
        Verb(name: "search", operation: .search, words: 1...wordLimit, what: "which words?"),
        Verb(name: "refresh", operation: .refresh),
        Verb(name: "why", operation: .why, words: 1...1, what: package),
        Verb(
            name: "install", operation: .install, words: 1...wordLimit, what: install,
            options: [.dryRun, .downgrade, .dependency]),
        Verb(
            name: "upgrade", operation: .install, words: 0...wordLimit,
            options: [.dryRun, .downgrade]),
        Verb(
            name: "install-bundle", operation: .bundle, words: 1...1,
            what: "which file? name one that `amos repo bundle` has made", options: .dryRun),
        Verb(
            name: "remove", operation: .uninstall, words: 1...1, what: package,
            options: [.dryRun, .keepData]),
        Verb(name: "autoremove", operation: .autoremove, options: .dryRun),
        Verb(name: "rollback", operation: .rollback, words: 0...1, options: .dryRun),
        Verb(name: "hold", operation: .hold, words: 1...1, what: package, options: .dryRun),
        Verb(name: "unhold", operation: .unhold, words: 1...1, what: package, options: .dryRun),
        Verb(name: "pin", operation: .pin, words: 2...2, what: package, options: .dryRun),
        Verb(name: "history", operation: .history),
        Verb(
            name: "diff", operation: .difference, words: 1...2,
            what: "which sets? `amosctl pkg history` lists them"),
        // The operation is what it looks at; it asks nobody.
        Verb(name: "run", operation: .show, words: 1...argumentLimit, what: package),
        Verb(name: "verify", operation: .verify),
        Verb(name: "repair", operation: .repair, options: [.dryRun, .remove]),
        Verb(name: "gc", operation: .collectGarbage, options: .dryRun),
    ]

    var verb: Verb?
    var words: [String] = []
    var isJSON = false
    var options: Options = []

    /// What is wrong with a word; nil: nothing.
    mutating func take(_ word: String, _ rest: inout ArraySlice<String>) -> String? {
        if UTF8Text.equal(word, "--json") {
            isJSON = true
            return nil
        }
        if word.utf8.first == UInt8(ascii: "-") { return takeOption(word) }
        guard let verb else {
            for known in Self.verbs where UTF8Text.equal(known.name, word) { verb = known }
            return verb == nil ? "pkg has no command '" + word + "'" : nil
        }
        guard words.count < verb.words.upperBound else { return "'" + word + "' is too much" }
        words.append(word)
        return nil
    }

    private mutating func takeOption(_ word: String) -> String? {
        let known: [(String, Options)] = [
            ("--dry-run", .dryRun), ("--keep-data", .keepData), ("--downgrade", .downgrade),
            ("--dependency", .dependency), ("--remove", .remove),
        ]
        for (name, option) in known where UTF8Text.equal(name, word) {
            guard let verb else { return "the command comes first" }
            guard verb.options.contains(option) else { return "pkg " + verb.name + " has no option " + word }
            options.insert(option)
            return nil
        }
        return "pkg has no option " + word + " here"
    }

    /// What is missing; nil: nothing.
    var gap: String? {
        guard let verb else { return "pkg needs a command" }
        if verb.operation == .install, files.isEmpty, !options.isDisjoint(with: [.downgrade, .dependency]) {
            return "--downgrade and --dependency are for packages in files"
        }
        guard words.count < verb.words.lowerBound else { return nil }
        if verb.operation == .pin, words.count == 1 {
            return "which versions? a range such as '^1.2.0', or '*' for any"
        }
        return verb.what
    }

    var isRun: Bool { verb.map { UTF8Text.equal($0.name, "run") } ?? false }
    /// What follows the id is the app's own.
    var takesEverything: Bool { isRun && !words.isEmpty }

    var isUpgrade: Bool { verb.map { UTF8Text.equal($0.name, "upgrade") } ?? false }

    /// The files whose packages go with the request.
    var files: [String] {
        guard let verb, verb.operation == .install, words.contains(where: Self.isFile) else { return [] }
        return words
    }

    /// Ids may hold dots and hyphens, as names of files do.
    private static func isFile(_ word: String) -> Bool {
        if word.utf8.contains(UInt8(ascii: "/")) || Directory.exists(word) { return true }
        let name = Array(word.utf8)
        return [".apk", ".amospkg"].contains { name.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }

    /// Without a package.
    var request: PackageServiceRequest? {
        guard let verb else { return nil }
        var request = PackageServiceRequest(verb.operation, flags: flags)
        if verb.operation == .install, files.isEmpty { request.operation = isUpgrade ? .upgrade : .obtain }
        switch request.operation {
        case .install: break
        case .rollback, .search, .difference, .obtain, .upgrade, .bundle:
            for word in words { request.argument += (request.argument.utf8.isEmpty ? "" : " ") + word }
        case .pin: (request.package, request.argument) = (words[0], words[1])
        default: request.package = words.first ?? ""
        }
        return request
    }

    private var flags: UInt16 {
        let pairs: [(Options, UInt16)] = [
            (.dryRun, PackageServiceRequest.changesNothing), (.keepData, PackageServiceRequest.keepsData),
            (.downgrade, PackageServiceRequest.downgrades),
            (.dependency, PackageServiceRequest.isDependency),
            (.remove, PackageServiceRequest.removesBroken),
        ]
        var flags: UInt16 = isUpgrade ? PackageServiceRequest.upgradesOnly : 0
        for (option, flag) in pairs where options.contains(option) { flags |= flag }
        return flags
    }
}

extension PackageArguments {
    static let usage = """
        usage: amosctl pkg COMMAND [--json] [--dry-run]

        look    list                   what is installed
                show ID                everything about one package
                search WORD…           what is here or in a repository with all of these words in id, name
                                       or description
                why ID                 who asked for it, and who needs it
                history                the sets that are still here
                diff SET [SET]         what changed from one set to another, or to the installed one
        change  refresh                asks the device's repositories what they offer
                install ID…            from a repository, with what it needs
                install FILE…          packages that `amos pack` has made, one after the other
                                       --downgrade: older ones, too; --dependency: may go when nobody needs it
                install-bundle FILE    what `amos repo bundle` has made; an absolute path
                upgrade [ID…]          what a repository has that is newer, of everything or of these
                upgrade FILE…          only newer versions of what is installed
                remove ID              out of the set; --keep-data: its data stays, and its id its key's
                autoremove             dependencies that nobody needs any more
                rollback [SET]         the set before this one, or an earlier one, is installed again
                hold, unhold ID        it stays at its version, or no longer
                pin ID RANGE           it stays within these versions; '*': no longer
        run     run ID [ARGUMENT…]     becomes the app: as its own user, with its own data, and nothing else
        mend    verify                 checks signatures and payloads as before each start; 1: something is
                                       wrong
                repair                 mends what can be mended here, and says what to do about the rest;
                                       --remove: takes the rest out of the set
                gc                     removes old sets and what no set needs

        As root. --dry-run changes nothing and says what would change. Exit status: 0 done, 1 failed or
        refused (and the reason), 2 wrong usage.
            amosctl pkg install com.example.notes --dry-run
            amosctl pkg list --json | jq '.[].id'
            amosctl pkg pin com.example.notes '^1.2.0'
            amosctl pkg rollback && amosctl pkg diff 6
            amosctl pkg remove com.example.notes --keep-data
        """
}
