import Testing

@testable import Services

struct NotificationTests {
    private func parse(_ text: String) -> Notification { Notification(parsing: Array(text.utf8)) }

    private func flags(_ notification: Notification) -> [Bool] {
        [
            notification.isReady, notification.isReloading, notification.isStopping,
            notification.storesDescriptors, notification.removesDescriptors, notification.isBarrier,
        ]
    }

    @Test(
        arguments: zip(
            ["READY=1", "RELOADING=1", "STOPPING=1", "FDSTORE=1", "FDSTOREREMOVE=1", "BARRIER=1"], 0..<6))
    func flagsHaveOneValue(text: String, position: Int) {
        #expect(flags(parse(text)).indices.filter { flags(parse(text))[$0] } == [position])
        #expect(flags(parse("X=y\n" + text + "\n"))[position])
        for wrong in ["0", "", "11", "1 ", " 1", "yes", "1\u{0}"] {
            let notification = parse(text.dropLast() + wrong)
            #expect(!flags(notification)[position], "\(text) \(wrong)")
            #expect(notification.malformedCount == 1)
        }
        // Neither in another case, nor with anything before the name.
        for wrong in [text.lowercased(), " " + text, "X" + text, String(text.dropFirst())] {
            #expect(parse(wrong) == Notification(), "\(wrong)")
        }
    }

    @Test func everyLineCountsAndUnknownOnesAreIgnored() {
        let notification = parse(
            "READY=1\nMAINPID=4711\nSTATUS=Serving 3 callers\nERRNO=2\nMONOTONIC_USEC=5\n\nnothing\n=\n")
        var expected = Notification()
        expected.isReady = true
        expected.mainProcess = 4711
        expected.statusText = "Serving 3 callers"
        #expect(notification == expected)
        #expect(parse("") == Notification())
        #expect(parse("READY=1\0WATCHDOG=1").malformedCount == 1)
    }

    @Test func aWrongLineCostsOnlyItself() {
        let notification = parse("MAINPID=x\nREADY=1\nWATCHDOG_USEC=\nFDNAME=a:b")
        #expect(notification.isReady)
        #expect(notification.mainProcess == nil && notification.descriptorName == nil)
        #expect(notification.watchdogMicroseconds == nil)
        #expect(notification.malformedCount == 3)
    }

    @Test(
        arguments: [
            ("2", 2), ("2147483647", 2_147_483_647), ("1", nil), ("0", nil), ("2147483648", nil), ("-5", nil),
            ("+5", nil), ("5 ", nil), ("0x5", nil), ("99999999999999999999999", nil), ("", nil),
        ] as [(String, Int32?)])
    func mainProcessIsAProcess(value: String, expected: Int32?) {
        #expect(parse("MAINPID=" + value).mainProcess == expected)
    }

    @Test(
        arguments: [
            ("1", 1), ("1000", 1), ("1001", 2), ("5000000", 5_000), ("18446744073709551615", 3_600_000),
            ("18446744073709551616", nil), ("0", nil),
        ] as [(String, UInt64?)])
    func extensionIsRoundedUpAndBounded(value: String, expected: UInt64?) {
        #expect(parse("EXTEND_TIMEOUT_USEC=" + value).extensionMilliseconds == expected)
    }

    @Test func watchdogIsFedOrTriggered() {
        #expect(parse("WATCHDOG=1").watchdog == .alive)
        #expect(parse("WATCHDOG=trigger").watchdog == .broken)
        #expect(parse("WATCHDOG=trigger\nWATCHDOG=1").watchdog == .broken)
        #expect(parse("WATCHDOG=0").watchdog == nil)
        #expect(parse("WATCHDOG_USEC=0").watchdogMicroseconds == 0)
        #expect(parse("WATCHDOG_USEC=20000000").watchdogMicroseconds == 20_000_000)
    }

    @Test func statusIsSafeToShowAndBounded() {
        #expect(parse("STATUS=").statusText == "")
        #expect(parse("STATUS=a=b").statusText == "a=b")
        #expect(parse("STATUS=\u{1b}[2Jx\ty").statusText == " [2Jx y")
        #expect(parse("STATUS=\u{9b}2J\u{a0}\u{c5}").statusText == "  2J\u{a0}\u{c5}")
        #expect(Notification(parsing: Array("STATUS=".utf8) + [0xff, 0x41]).statusText == "\u{fffd}A")
        let long = String(repeating: "ä", count: 200)
        for padding in 0..<3 {
            let text = parse("STATUS=" + String(repeating: "x", count: padding) + long).statusText ?? ""
            #expect(text.utf8.count <= Notification.statusLimit)
            #expect(text.utf8.count >= Notification.statusLimit - 1)
            #expect(!text.contains("\u{fffd}"))
        }
    }

    @Test func namesOfDescriptorsFitTheirList() {
        #expect(parse("FDNAME=screen-0").descriptorName == "screen-0")
        for wrong in ["", "a b", "a:b", "ä", "a\u{7f}", String(repeating: "n", count: 256)] {
            #expect(parse("FDNAME=" + wrong).descriptorName == nil, "\(wrong)")
        }
        #expect(parse("FDNAME=" + String(repeating: "n", count: 255)).descriptorName != nil)
    }

    @Test func whatIsTooLongIsRefusedWhole() {
        let padding = [UInt8](repeating: UInt8(ascii: "\n"), count: Notification.sizeLimit - 7)
        #expect(Notification(parsing: Array("READY=1".utf8) + padding).isReady)
        let refused = Notification(parsing: Array("READY=1\n".utf8) + padding)
        #expect(!refused.isReady && refused.malformedCount == 1)
    }

    /// Whatever the bytes, the bounds hold; half of the lines begin like real ones.
    @Test func randomBytesNeverBreakABound() {
        var random = SystemRandomNumberGenerator()
        let names = ["READY=", "STATUS=", "MAINPID=", "FDNAME=", "EXTEND_TIMEOUT_USEC=", "WATCHDOG="]
        for _ in 0..<2_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<6, using: &random) {
                if Bool.random(using: &random) { bytes += Array(names.randomElement(using: &random)!.utf8) }
                for _ in 0..<Int.random(in: 0..<400, using: &random) {
                    bytes.append(UInt8.random(in: 0...255, using: &random))
                }
                bytes.append(0x0a)
            }
            let notification = Notification(parsing: bytes)
            #expect((notification.mainProcess ?? 2) > 1, "\(bytes)")
            // A byte that is no text takes three as U+FFFD.
            #expect((notification.statusText ?? "").utf8.count <= 3 * Notification.statusLimit, "\(bytes)")
            #expect(
                (notification.extensionMilliseconds ?? 1) <= Supervisor.extensionLimitMilliseconds,
                "\(bytes)")
        }
    }
}
