/// Test results as CI systems read them (the Jenkins JUnit XML schema).
public enum JUnitWriter {
    /// Enough of the console to see what happened; CI systems choke on megabytes.
    private static let consoleLimit = 200_000

    public static func xml(suite: String, _ results: [CheckResult], _ record: HandsetRecord) -> String {
        let failures = results.count { $0.failure != nil }
        var text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites tests="\(results.count)" failures="\(failures)">
            <testsuite name="\(escape(suite))" tests="\(results.count)" failures="\(failures)" \
            errors="0" skipped="0" time="\(decimal(record.seconds))">

            """
        for result in results {
            let head = "<testcase classname=\"\(escape(suite))\" name=\"\(escape(result.name))\""
            // The checks of one boot have no time of their own.
            let time = result.name == "boot" ? record.seconds : 0
            if let failure = result.failure {
                text +=
                    "\(head) time=\"\(decimal(time))\"><failure message=\"\(escape(failure))\"/></testcase>\n"
            } else {
                text += "\(head) time=\"\(decimal(time))\"/>\n"
            }
        }
        let console = String(decoding: record.console.bytes.suffix(consoleLimit), as: UTF8.self)
        return text + "<system-out>\(escape(console))</system-out>\n</testsuite>\n</testsuites>\n"
    }

    /// XML has no way to write most control characters at all; a console is full of them.
    static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case "\r": break
            case _ where scalar.value < 0x20 || scalar.value == 0x7f: result += "\u{fffd}"
            case _ where scalar.value & 0xfffe == 0xfffe: result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Milliseconds, with a point whatever the locale.
    static func decimal(_ seconds: Double) -> String {
        let milliseconds = Int((seconds * 1000).rounded())
        let fraction = "\(1000 + milliseconds % 1000)".dropFirst()
        return "\(milliseconds / 1000).\(fraction)"
    }
}
