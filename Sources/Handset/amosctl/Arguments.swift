import Wire

/// The command line.
struct Arguments {
    enum Command { case status, log, start, stop, restart, powerOff, reboot, factoryReset, events }

    var command = Command.status
    var service = ""
    var isJSON = false
    var isFollowing = false
    var isSure = false
    var lines: UInt32 = 50
    var runDirectory = "/run/amos"

    /// false: wrong usage.
    mutating func parse(_ words: [String]) -> Bool {
        var rest = words[...]
        guard let first = rest.popFirst(), let command = Self.command(first) else { return false }
        self.command = command
        while let word = rest.popFirst() {
            guard parse(word, &rest) else { return false }
        }
        switch command {
        case .start, .stop, .restart: return !service.isEmpty
        case .status, .log: return true
        case .powerOff, .reboot, .factoryReset, .events: return service.isEmpty
        }
    }

    private mutating func parse(_ word: String, _ rest: inout ArraySlice<String>) -> Bool {
        if UTF8Text.equal(word, "--json") {
            isJSON = true
        } else if UTF8Text.equal(word, "-f") || UTF8Text.equal(word, "--follow") {
            isFollowing = true
        } else if UTF8Text.equal(word, "--yes") {
            isSure = true
        } else if UTF8Text.equal(word, "--service"), let name = rest.popFirst() {
            service = name
        } else if UTF8Text.equal(word, "--lines"), let number = rest.popFirst(), let count = UInt32(number) {
            lines = count
        } else if UTF8Text.equal(word, "--run"), let directory = rest.popFirst() {
            runDirectory = directory
        } else if service.isEmpty, word.utf8.first != UInt8(ascii: "-") {
            service = word
        } else {
            return false
        }
        return true
    }

    private static func command(_ word: String) -> Command? {
        let commands: [(String, Command)] = [
            ("status", .status), ("log", .log), ("start", .start), ("stop", .stop), ("restart", .restart),
            ("poweroff", .powerOff), ("reboot", .reboot), ("factory-reset", .factoryReset),
            ("events", .events),
        ]
        for (name, command) in commands where UTF8Text.equal(name, word) { return command }
        return nil
    }
}
