import Bridge
import LinuxSystem
import Wire

/// `amosctl pkg`: asks the package service.
struct PackageArguments {
    static let usage = """
        usage: amosctl pkg list|show ID|remove ID|verify|gc|history [--json]
               amosctl pkg refresh|search WORD…|install ID…|upgrade [ID…] [--json]

          list            what is installed
          show ID         everything about one package
          remove ID       takes it out of the set; --keep-data: its id stays its key's
          verify          checks signatures and payloads as they are checked before each start; 1: something
                          is wrong
          gc              removes old sets and what no set needs
          history         the sets that are still here
          refresh         asks the device's repositories what they offer
          search WORD…    what they offer with all of these words in id, name or description
          install ID…     from a repository, with what it needs
          upgrade [ID…]   what there is newer, of everything or of these
          install-bundle FILE   what `amos repo bundle` made; an absolute path

        As root. examples: amosctl pkg list --json | jq '.[].id'
                           amosctl pkg remove com.example.notes --keep-data
        """

    var operation: PackageServiceRequest.Operation?
    var package = ""
    var isJSON = false
    var keepsData = false

    /// What is wrong with a word; nil: nothing.
    mutating func take(_ word: String) -> String? {
        if UTF8Text.equal(word, "--json") {
            isJSON = true
        } else if UTF8Text.equal(word, "--keep-data"), operation == .uninstall {
            keepsData = true
        } else if word.utf8.first == UInt8(ascii: "-") {
            return "pkg has no option " + word + " here"
        } else if let operation {
            let takesMany = RepositoryText.takesWords(operation)
            guard package.isEmpty && (operation == .show || operation == .uninstall) || takesMany else {
                return "'" + word + "' is too much"
            }
            package += (package.isEmpty ? "" : " ") + word
        } else {
            operation = Self.operation(word)
            if operation == nil { return "pkg has no command '" + word + "'" }
        }
        return nil
    }

    /// What is missing; nil: nothing.
    var gap: String? {
        guard let operation else { return "pkg needs a command" }
        let needsPackage =
            operation == .show || operation == .uninstall || operation == .search || operation == .obtain
            || operation == .bundle
        return needsPackage && package.isEmpty ? "which package? `amosctl pkg list` lists them" : nil
    }

    private static func operation(_ word: String) -> PackageServiceRequest.Operation? {
        let operations: [(String, PackageServiceRequest.Operation)] = [
            ("list", .list), ("show", .show), ("remove", .uninstall), ("verify", .verify),
            ("gc", .collectGarbage), ("history", .history), ("refresh", .refresh), ("search", .search),
            ("install", .obtain), ("upgrade", .upgrade),
            ("install-bundle", .bundle),
        ]
        for (name, operation) in operations where UTF8Text.equal(name, word) { return operation }
        return nil
    }
}

enum PackageCommand {
    static func run(_ arguments: Arguments) throws(SystemCallError) {
        let wanted = arguments.package
        guard let operation = wanted.operation else { return }
        let flags = wanted.keepsData ? PackageServiceRequest.keepsData : 0
        let answer = try ask(
            PackageServiceRequest(operation, flags: flags, package: wanted.package), arguments)
        let line = answer.prefix { $0 != 0x0a }
        guard PackageServiceRequest.isSuccess(Array(line)) else {
            Amosctl.fail("amosctl: " + reason(PackageServiceRequest.reply(Array(line))))
        }
        let bytes = Array(answer.dropFirst(line.count + 1))
        if operation == .uninstall { return Amosctl.write("removed " + wanted.package + "\n") }
        guard let document = try? JSONParser.parse(bytes.span) else {
            Amosctl.fail("amosctl: the answer is not understood; amosctl and amos-pkgd differ in version")
        }
        Amosctl.write(wanted.isJSON ? bytes : PackageText.text(operation, document))
        let isBad = operation == .verify && document.array?.contains { $0["is_good"]?.bool != true } == true
        if isBad { ChildProcess.exit(1) }
    }

    private static func ask(
        _ request: PackageServiceRequest, _ arguments: Arguments
    ) throws(SystemCallError) -> [UInt8] {
        let path = arguments.runDirectory + "/" + PackageServiceRequest.socketName.description
        let socket = try StreamSocket.connect(toLocal: Array(path.utf8), isAbstract: false)
        try socket.setBlocking(true)
        try socket.write(request.encode())
        return try socket.readToEnd(limit: PackageServiceRequest.documentLimit)
    }

    /// `Failure [WHY]` without what a person need not see.
    private static func reason(_ line: [UInt8]) -> String {
        let start = Array("Failure [".utf8)
        guard line.starts(with: start), line.last == UInt8(ascii: "]") else {
            return String(decoding: line, as: UTF8.self)
        }
        return String(decoding: line.dropFirst(start.count).dropLast(), as: UTF8.self)
    }
}

/// Answers as a person reads them.
enum PackageText {
    static func text(_ operation: PackageServiceRequest.Operation, _ document: JSONValue) -> [UInt8] {
        switch operation {
        case .list: list(document)
        case .show: details(document)
        case .verify: findings(document)
        case .history: history(document)
        case .refresh, .search, .obtain, .upgrade, .bundle: RepositoryText.text(operation, document)
        default: Array((number(document, "removed_files") + " files removed\n").utf8)
        }
    }

    private static func list(_ document: JSONValue) -> [UInt8] {
        var rows = [["PACKAGE", "VERSION", "CODE", "KIND", "SIZE"]]
        for package in document.array ?? [] {
            rows.append([
                text(package, "id"), text(package, "version"), number(package, "version_code"),
                text(package, "kind"),
                TextFormat.bytes(UInt64(clamping: package["payload_bytes"]?.integer ?? 0)),
            ])
        }
        return TextFormat.table(rows, numbers: [2, 4])
    }

    private static func details(_ package: JSONValue) -> [UInt8] {
        var rows: [[String]] = []
        for key in ["id", "name", "version", "kind", "licence", "entry", "payload", "manifest", "key"] {
            let value = text(package, key)
            if !value.isEmpty { rows.append([key, value]) }
        }
        for permission in package["permissions"]?.array ?? [] {
            rows.append(["permission", permission.text ?? ""])
        }
        return TextFormat.table(rows, numbers: [])
    }

    private static func findings(_ document: JSONValue) -> [UInt8] {
        let rows = (document.array ?? []).map { finding in
            [text(finding, "id"), finding["problem"]?.text ?? "good"]
        }
        return TextFormat.table(rows, numbers: [])
    }

    private static func history(_ document: JSONValue) -> [UInt8] {
        var rows = [["SET", "PACKAGES"]]
        for set in document.array ?? [] {
            var names = ""
            for package in set["packages"]?.array ?? [] {
                names += (names.isEmpty ? "" : ", ") + text(package, "id") + " " + text(package, "version")
            }
            rows.append([number(set, "generation"), names])
        }
        return TextFormat.table(rows, numbers: [0])
    }

    private static func text(_ value: JSONValue, _ key: String) -> String { value[key]?.text ?? "" }

    private static func number(_ value: JSONValue, _ key: String) -> String {
        String(value[key]?.integer ?? 0)
    }
}
