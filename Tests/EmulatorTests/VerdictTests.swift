import DeviceSpec
import Foundation
import FoundationXML
import Testing
import Wire

@testable import Emulator

@Suite struct VerdictTests {
    static let events: [BootEvent] = [
        .stage(name: "stage1-start"), .module(name: "ext4", durationNanoseconds: 5_000_000),
        .stage(name: "switch-root"),
        .mount(path: "/data", type: "ext4", options: "rw,nosuid,nodev"),
        .service(name: "logd", state: .starting), .service(name: "logd", state: .ready, pid: 9),
        .service(name: "net", state: .starting), .service(name: "net", state: .failed, reason: "exit 1"),
        .memory(totalKibibytes: 1000, availableKibibytes: 900), .ready, .healthy(slot: "a"),
        .service(name: "logd", state: .stopping), .service(name: "logd", state: .stopped),
    ]

    static func record(_ events: [BootEvent] = events, console: String = "") -> HandsetRecord {
        var record = HandsetRecord()
        var boot = BootRecord(slot: .a, startSeconds: 0.5)
        for (index, event) in events.enumerated() {
            let timed = TimedEvent(nanoseconds: UInt64(index + 1) * 10_000_000, event: event)
            boot.events.append(ObservedEvent(seconds: 1 + Double(index), timed: timed))
        }
        record.boots = [boot]
        record.console.append(Array(console.utf8))
        record.outcome = .poweredOff
        record.seconds = 12.3456
        record.screen = Screen(width: 10, height: 20, commonestCount: 100)
        return record
    }

    static func failure(_ expectation: Check.Expectation, _ record: HandsetRecord = record()) -> String? {
        let location = SourceLocation(file: "d.yaml", line: 1, column: 1)
        let check = Check(name: "c", expectation: expectation, location: location)
        let evaluator = CheckEvaluator([check], display: .init(width: 10, height: 20))
        let results = evaluator.evaluate(record)
        #expect(results.map(\.name) == ["boot", "c"])
        return results[1].failure
    }

    @Test(
        arguments: [
            .healthy, .service(name: "logd", state: "ready"), .service(name: "net", state: "failed"),
            .mounted(path: "/data", type: "ext4", options: ["nodev", "nosuid"]),
            .mounted(path: "/data", type: nil, options: []), .memoryUsedBelow(bytes: 100 * 1024 + 1),
            .console(pattern: "Linux version [0-9.]+$", present: true),
            .console(pattern: "error", present: false), .screenNotBlank,
        ] as [Check.Expectation])
    func holds(_ expectation: Check.Expectation) {
        #expect(Self.failure(expectation, Self.record(console: "x\r\nLinux version 6.12\r\nno\n")) == nil)
    }

    @Test(
        arguments: [
            (.service(name: "net", state: "ready"), "net is failed (exit 1), not ready"),
            (.service(name: "ssh", state: "ready"), "ssh was never started"),
            (.mounted(path: "/data", type: "f2fs", options: []), "/data is mounted as ext4, not f2fs"),
            (
                .mounted(path: "/data", type: nil, options: ["noexec"]),
                "/data is mounted with rw,nosuid,nodev, without noexec"
            ),
            (.mounted(path: "/x", type: nil, options: []), "/x was not mounted"),
            (.network, "no address was leased"), (.clock, "the clock was not set"),
            (
                .memoryUsedBelow(bytes: 100 * 1024),
                "100 KiB were in use when it was ready; the limit is 100 KiB"
            ),
            (.console(pattern: "a.c", present: true), "the console has no line with a.c"),
            (.console(pattern: "o+ps", present: false), "the console has: Ooops"),
        ] as [(Check.Expectation, String)])
    func fails(_ expectation: Check.Expectation, message: String) {
        #expect(
            Self.failure(expectation, Self.record(console: "a\nc Ooops".replacing("c ", with: ""))) == message
        )
    }

    @Test func anUntouchedScreenFails() {
        var record = Self.record()
        record.screen = Screen(width: 640, height: 480, commonestCount: 3)
        #expect(Self.failure(.screenNotBlank, record)?.contains("no program has set a mode") == true)
        record.screen = Screen(width: 10, height: 20, commonestCount: 200)
        #expect(Self.failure(.screenNotBlank, record) == "the screen is blank")
        record.screen = nil
        #expect(Self.failure(.screenNotBlank, record) == "there is no screenshot")
    }

    @Test func theGoalIsReachedWhenEverythingVisibleHolds() {
        let location = SourceLocation(file: "d.yaml", line: 1, column: 1)
        let evaluator = CheckEvaluator(
            [Check(name: "net", expectation: .network, location: location)], display: nil)
        var record = Self.record()
        // Healthy was seen at 11 s: the address still has its time, then it has not.
        #expect(!evaluator.isReached(record))
        record.seconds = 32
        #expect(evaluator.isReached(record))
        record = Self.record(Self.events + [.network(interface: "eth0", address: "10.0.2.15")])
        #expect(evaluator.isReached(record))
        #expect(!evaluator.isReached(Self.record([.ready])))
    }

    @Test func aBlankScreenIsLookedAtAgain() {
        let location = SourceLocation(file: "d.yaml", line: 1, column: 1)
        let evaluator = CheckEvaluator(
            [Check(name: "screen", expectation: .screenNotBlank, location: location)], display: nil)
        var record = Self.record()
        #expect(evaluator.isReached(record), "everything else holds: time to look")
        record.screen = Screen(width: 10, height: 20, commonestCount: 200)
        #expect(!evaluator.isReached(record))
        record.seconds = 32
        #expect(evaluator.isReached(record), "it has had its time")
        record.screen = Screen(width: 10, height: 20, commonestCount: 100)
        record.seconds = 12
        #expect(evaluator.isReached(record))
    }

    @Test func aStuckBootSaysWhereItIs() {
        let events = Self.events
        #expect(Self.record([]).boots[0].position == "in the kernel: the handset reported nothing")
        #expect(Self.record(Array(events[..<4])).boots[0].position == "after switch-root")
        #expect(Self.record(Array(events[..<5])).boots[0].position == "starting logd")
        #expect(Self.record(Array(events[..<7])).boots[0].position == "starting net")
    }

    @Test func theBootIsTheFirstVerdict() {
        var record = Self.record()
        record.outcome = .failed(.panicked("Kernel panic - not syncing: x"))
        let results = CheckEvaluator([], display: nil).evaluate(record)
        #expect(
            results == [.init(name: "boot", failure: "the kernel panicked: Kernel panic - not syncing: x")])
    }

    @Test func junitIsXMLWhateverTheConsoleHas() throws {
        let record = Self.record(console: "\u{1b}[31m<red> & \u{0}\u{ffff} \"quoted\"\n")
        let results = [
            CheckResult(name: "boot", failure: nil), CheckResult(name: "a<b>", failure: "\"x\" & \u{7}"),
        ]
        let xml = JUnitWriter.xml(suite: "virt-phone", results, record)
        let document = try XMLDocument(xmlString: xml)
        let suite = try #require(try document.nodes(forXPath: "/testsuites/testsuite").first as? XMLElement)
        #expect(suite.attribute(forName: "failures")?.stringValue == "1")
        #expect(suite.attribute(forName: "time")?.stringValue == "12.346")
        let failure = try document.nodes(forXPath: "//testcase[@name='a<b>']/failure").first as? XMLElement
        #expect(failure?.attribute(forName: "message")?.stringValue == "\"x\" & \u{fffd}")
    }

    @Test func theReportPairsBeginningsWithEnds() throws {
        let report = BootReport(Self.record().boots[0])
        #expect(report.readyNanoseconds == 100_000_000)
        #expect(report.userlandNanoseconds == 90_000_000)
        #expect(report.readyWallSeconds == 9.5)
        #expect(
            report.spans.map {
                "\($0.kind) \($0.name) \($0.start / 1_000_000)-\($0.end / 1_000_000) \($0.state)"
            }
                == [
                    "kernel kernel 0-10 ", "stage stage 1 10-30 ", "module ext4 15-20 ",
                    "service logd 50-60 ready", "service net 70-80 failed",
                ])
        let json = try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any]
        #expect(json?["ready_ns"] as? Int == 100_000_000)
        #expect((json?["spans"] as? [Any])?.count == 5)
        let svg = try XMLDocument(xmlString: report.svg(title: "a < b"))
        #expect(try svg.nodes(forXPath: "//*[local-name()='rect']").count == 1 + 5 + 5)
    }
}
