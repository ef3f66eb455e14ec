import Foundation
import Testing

@testable import Wire

@Suite struct BootEventTests {
    static let all: [BootEvent] = [
        .stage(name: "root-verified"), .module(name: "ext4", durationNanoseconds: 12_000_000),
        .mount(path: "/data", type: "ext4", options: "rw,nosuid,nodev"),
        .service(name: "logd", state: .ready, pid: 71),
        .service(name: "shell", state: .failed, reason: "killed by signal 9"),
        .network(interface: "eth0", address: "10.0.2.15/24"),
        .clock(source: "sntp", unixSeconds: 1_760_000_000),
        .memory(totalKibibytes: 1_000_000, availableKibibytes: 970_000), .ready, .healthy(slot: "a"),
        .failure(what: "service", reason: "\"home\" is dead"), .crash(program: "/usr/bin/x", signal: 11),
        .shutdown(reason: "poweroff"), .unmounted(path: "/data"), .lost(bytes: 70_000),
    ]

    @Test(arguments: all) func lineIsJSONAndReadsBack(_ event: BootEvent) throws {
        let line = event.line(nanoseconds: 42)
        #expect(line.last == 0x0a)
        // Foundation's parser is the referee for the syntax.
        let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
        #expect(object?["ns"] as? Int == 42)
        #expect(object?["event"] as? String == event.kind)
        #expect(try TimedEvent(line: line) == TimedEvent(nanoseconds: 42, event: event))
    }

    @Test func theContractedShape() {
        let line = BootEvent.service(name: "logd", state: .ready, pid: 71).line(nanoseconds: 1_000)
        let expected = #"{"ns":1000,"event":"service","name":"logd","state":"ready","pid":71}"# + "\n"
        #expect(String(decoding: line, as: UTF8.self) == expected)
    }

    @Test func anyTextFitsALine() throws {
        let worst = String(repeating: "\u{1}", count: 5_000)
        let line = BootEvent.mount(path: worst, type: worst, options: worst).line(nanoseconds: .max)
        #expect(line.count <= BootEvent.lineLimit)
        let umlauts = "x" + String(repeating: "ü", count: 500)
        let cut = BootEvent.unmounted(path: umlauts).line(nanoseconds: 1)
        guard case .unmounted(let path) = try TimedEvent(line: cut).event else { return }
        #expect(umlauts.hasPrefix(path) && path.utf8.count <= BootEvent.textLimit && path.count > 90)
    }

    @Test(arguments: [
        #"{"event":"ready"}"#, #"{"ns":-1,"event":"ready"}"#, #"{"ns":1,"event":"nonsense"}"#,
        #"{"ns":1,"event":"service","name":"x","state":"happy"}"#, #"{"ns":1,"event":"crash","program":"x"}"#,
    ]) func incompleteEventsAreRefused(_ line: String) {
        #expect(throws: WireError.self) { try TimedEvent(line: Array(line.utf8)) }
    }
}
