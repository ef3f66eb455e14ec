import Foundation
import FoundationXML
import Services
import Testing
import Wire

/// blame, chart and top.
@Suite struct AnalysisTests {
    /// first (0.2 s) → second (0.1 s) → goal, beside one that nobody waits for.
    private static func services() -> [ServiceDefinition] {
        func starting(_ name: String, _ seconds: String, _ needs: [String]) -> ServiceDefinition {
            var service = ServiceDefinition.shell(name, "sleep \(seconds); echo >&4; exec sleep 1000")
            service.readiness = .descriptor(4)
            service.requires = needs
            return service
        }
        var group = ServiceDefinition(name: "group")
        group.kind = .target
        group.requires = ["second"]
        return [
            starting("first", "0.2", []), starting("second", "0.1", ["first"]), group,
            starting("goal", "0.01", ["group"]), starting("aside", "0.25", []),
        ]
    }

    private func withInit(_ body: (RunningInit) throws -> Void) throws {
        let running = try RunningInit(Self.services(), health: ["goal"])
        defer { running.end() }
        #expect(running.wait { running.amosctl("events").output.contains("healthy") })
        try body(running)
    }

    @Test func blameNamesCausesAndSorts() throws {
        try withInit { running in
            let text = running.amosctl("blame", "--json").output
            let rows = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]] ?? []
            let causes = Dictionary(
                uniqueKeysWithValues: rows.map { ($0["name"] as? String ?? "", $0["waited_for"] as? String) })
            #expect(causes == ["first": nil, "second": "first", "goal": "second", "aside": nil])
            let times = rows.map { $0["duration_ns"] as? Int ?? 0 }
            #expect(times == times.sorted(by: >) && times.allSatisfy { $0 > 0 })
            let table = running.amosctl("blame").output.split(separator: "\n")
            #expect(table.count == 5 && table[0].hasSuffix("WAITED FOR"))
        }
    }

    @Test func theChartShowsTheCriticalPath() throws {
        try withInit { running in
            let path = running.run + "/chart.svg"
            #expect(running.amosctl("chart", "-o", path).status == 0)
            let svg = try String(contentsOfFile: path, encoding: .utf8)
            #expect(running.amosctl("chart").output == svg)
            let document = try XMLDocument(xmlString: svg)
            let marked = try document.nodes(forXPath: "//*[local-name()='text'][@font-weight='bold']")
            #expect(marked.compactMap(\.stringValue) == ["what ready waited for", "first", "second", "goal"])
            // The background, five of the legend, one bar for each service but the target.
            #expect(try document.nodes(forXPath: "//*[local-name()='rect']").count == 1 + 5 + 4)
            if let folder = ProcessInfo.processInfo.environment["AMOS_TEST_OUTPUT"] {
                try svg.write(toFile: folder + "/chart.svg", atomically: true, encoding: .utf8)
            }
        }
    }

    /// More targets than PID 1 keeps the events of, before a goal that is slower than them.
    @Test func aBootThatIsTooLargeSaysWhatIsMissing() throws {
        var services = [ServiceDefinition.shell("goal", "sleep 0.5; echo >&4; exec sleep 1000")]
        services[0].readiness = .descriptor(4)
        for number in 10_000..<13_000 {
            var target = ServiceDefinition(name: "\(String(repeating: "t", count: 60))-\(number)")
            target.kind = .target
            services.append(target)
        }
        let running = try RunningInit(services, health: ["goal"])
        defer { running.end() }
        #expect(running.wait { running.amosctl("events").output.contains("healthy") })
        let chart = running.amosctl("chart")
        #expect(chart.status == 0 && chart.errors.contains("of events are missing"), "\(chart.errors)")
        let document = try XMLDocument(xmlString: chart.output)
        let texts = try document.nodes(forXPath: "//*[local-name()='text']").compactMap(\.stringValue)
        #expect(texts.contains("events missing") && texts.contains { $0.hasSuffix("of events are missing") })
        #expect(running.amosctl("blame").errors.contains("of events are missing"))
        if let folder = ProcessInfo.processInfo.environment["AMOS_TEST_OUTPUT"] {
            try chart.output.write(toFile: folder + "/gap.svg", atomically: true, encoding: .utf8)
        }
    }

    @Test func usageIsMeasured() throws {
        var busy = ServiceDefinition.shell("busy", "while :; do :; done")
        busy.resources.nice = 19
        let running = try RunningInit([busy, .sleeper("idle")])
        defer { running.end() }
        #expect(try running.wait { try running.state("busy") == "ready" && running.state("idle") == "ready" })
        let text = running.amosctl("top", "--json").output
        let rows = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]] ?? []
        #expect(rows.map { $0["name"] as? String } == ["busy", "idle"])
        // However loaded the machine is: the one that computes gets more than the one that sleeps.
        let shares = rows.map { $0["cpu_us"] as? Int ?? 0 }
        #expect(shares[0] > shares[1])
        let table = running.amosctl("top", "-n", "1").output.split(separator: "\n")
        #expect(table.count == 2 && table[1].hasPrefix("busy"))
    }
}
