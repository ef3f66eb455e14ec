import LinuxSystem
import Wire

/// What follows `amosctl log`.
struct LogArguments {
    static let usage = """
        usage: amosctl log [SERVICE…] [options]

          -f, --follow          go on with new records until interrupted
          -n, --lines N|all     the newest N (50; all, if --since or --boot is given)
          --since TIME          `10 min`, `2 h`, `10:00`, `2026-11-20`, `2026-11-20 10:00` (UTC), `boot`
          --service NAME        of this service; may be repeated; `kernel` is one, too
          --level LEVEL         at least this severe: emergency, alert, critical, error, warning, notice,
                                info, debug, or 0 to 7
          --boot WHICH          current, previous, -N (N boots back), or a number from --json
          --json                one object per line

        Only root may read it: programs write what is nobody else's business.

        A trailing … marks a line that goes on in the next record, or that nobody finished.

        examples: amosctl log --service network --since '10 min'
                  amosctl log -f --level warning
                  amosctl log --boot previous --service kernel -n 20
        """

    private var wanted = LogRequest()
    private var lines: UInt32?
    var isJSON = false

    /// Without a number, a screenful, unless something else says how far to go back.
    var request: LogRequest {
        var request = wanted
        let isNarrowed = wanted.sinceUnixNanoseconds > 0 || wanted.boot != .all
        request.lines = lines ?? (isNarrowed ? LogRequest.allLines : 50)
        return request
    }

    /// What is wrong with a word; nil: nothing.
    mutating func take(_ word: String, _ rest: inout ArraySlice<String>) -> String? {
        if UTF8Text.equal(word, "-f") || UTF8Text.equal(word, "--follow") {
            wanted.follow = true
        } else if UTF8Text.equal(word, "--json") {
            isJSON = true
        } else if word.utf8.first != UInt8(ascii: "-") {
            return takeService(word)
        } else {
            guard let value = rest.popFirst() else {
                return "log has no option " + word + ", or it needs a value"
            }
            return takeValue(word, value)
        }
        return nil
    }

    private mutating func takeValue(_ word: String, _ value: String) -> String? {
        if UTF8Text.equal(word, "--service") { return takeService(value) }
        let isTaken: Bool
        if UTF8Text.equal(word, "-n") || UTF8Text.equal(word, "--lines") {
            lines = UTF8Text.equal(value, "all") ? LogRequest.allLines : UInt32(value)
            isTaken = lines != nil
        } else if UTF8Text.equal(word, "--level") {
            isTaken = takeLevel(value)
        } else if UTF8Text.equal(word, "--since") {
            isTaken = takeSince(value)
        } else if UTF8Text.equal(word, "--boot") {
            isTaken = takeBoot(value)
        } else {
            return "log has no option " + word
        }
        return isTaken ? nil : word + " '" + value + "' is not understood"
    }

    private mutating func takeService(_ name: String) -> String? {
        guard wanted.services.count < LogRequest.serviceCountLimit else { return "too many services" }
        wanted.services.append(name)
        return nil
    }

    private mutating func takeLevel(_ value: String) -> Bool {
        for level in LogRecord.Level.allCases
        where UTF8Text.equal(level.name, value) || UTF8Text.equal(String(level.rawValue), value) {
            wanted.level = level
            return true
        }
        return false
    }

    private mutating func takeSince(_ value: String) -> Bool {
        switch LogTime(value, now: UInt64(max(0, WallClock.unixNanoseconds))) {
        case .boot: wanted.boot = .back(0)
        case .unixNanoseconds(let time): wanted.sinceUnixNanoseconds = max(1, time)
        case nil: return false
        }
        return true
    }

    private mutating func takeBoot(_ value: String) -> Bool {
        if UTF8Text.equal(value, "current") {
            wanted.boot = .back(0)
        } else if UTF8Text.equal(value, "previous") {
            wanted.boot = .back(1)
        } else if let number = Int32(value), number != Int32.min {
            wanted.boot = number > 0 ? .number(UInt32(number)) : .back(UInt32(-number))
        } else {
            return false
        }
        return true
    }
}
