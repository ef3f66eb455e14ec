import Foundation
import Wire

/// The events that a scenario must show: a total order for each service, and only what is said between them,
/// because services start in parallel.
///
///     # one line per service with all its states, in order; a reason only where it matters; a waiting
///     # without any reason (it is about to start) does not count
///     a: starting ready stopping stopped
///     b: waiting(requires a, which is down) ...       `...`: whatever follows
///     system: ready shutdown                          events that belong to no service; optional
///     a ready < b starting                            this before that; `a ready#2`: the second time
///     a starting +199 ms < a starting#2               and at least so much earlier; only from a `starting`,
///                                                     which is told before it is done
///     ignore: c d
///
/// A service that has events and no line is an error.
struct Expectation: Sendable {
    struct State: Sendable, Equatable {
        let name: String
        var reason: String?

        func matches(_ event: ScenarioEvent) -> Bool {
            name == event.state && (reason == nil || reason == event.reason)
        }

        var text: String { reason.map { "\(name)(\($0))" } ?? name }
    }

    struct Point: Sendable {
        let service: String
        let state: String
        let occurrence: Int

        /// `a ready#2`
        init(_ text: String) throws {
            let words = text.split(separator: " ")
            guard words.count == 2 else { throw ScenarioFailure("'\(text)' is not 'SERVICE STATE[#N]'") }
            let parts = words[1].split(separator: "#")
            service = String(words[0])
            state = String(parts[0])
            occurrence = parts.count > 1 ? Int(parts[1]) ?? 1 : 1
        }

        /// Where it stands in the events.
        func position(in events: [ScenarioEvent]) -> Int? {
            let found = events.indices.filter { events[$0].service == service && events[$0].state == state }
            return found.count >= occurrence ? found[occurrence - 1] : nil
        }
    }

    struct Order: Sendable {
        let text: String
        let first: Point
        let second: Point
        let milliseconds: UInt64

        init(_ line: String) throws {
            guard let match = line.wholeMatch(of: /(.+?)(?: \+([0-9]+) ms)? < (.+)/) else {
                throw ScenarioFailure("cannot read expected line '\(line)'")
            }
            text = line
            first = try Point(String(match.1))
            second = try Point(String(match.3))
            milliseconds = match.2.flatMap { UInt64($0) } ?? 0
        }

        /// An order of which the second has not come is not broken.
        func holds(in events: [ScenarioEvent]) -> Bool {
            guard let after = second.position(in: events) else { return true }
            guard let before = first.position(in: events), before < after else { return false }
            return events[before].nanoseconds + milliseconds * 1_000_000 <= events[after].nanoseconds
        }
    }

    struct Line: Sendable {
        let states: [State]
        /// Anything may follow.
        let isOpen: Bool

        /// How often each state must come.
        var counts: [String: Int] { Dictionary(states.map { ($0.name, 1) }, uniquingKeysWith: +) }

        /// So far.
        func agrees(with events: [ScenarioEvent]) -> Bool {
            events.indices.allSatisfy { $0 < states.count ? states[$0].matches(events[$0]) : isOpen }
        }
    }

    private(set) var lines: [String: Line] = [:]
    private var orders: [Order] = []
    private var ignored: Set<String> = []

    init(_ text: String) throws {
        for raw in text.split(separator: "\n") {
            let line = raw.trimmingCharacters(in: .whitespaces)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            if let colon = line.firstIndex(of: ":"), !line[..<colon].contains(" ") {
                let rest = String(line[line.index(after: colon)...])
                try readStates(of: String(line[..<colon]), rest)
            } else {
                orders.append(try Order(line))
            }
        }
        if lines["system"] == nil { ignored.insert("system") }
    }

    private mutating func readStates(of service: String, _ text: String) throws {
        if service == "ignore" { return ignored.formUnion(text.split(separator: " ").map(String.init)) }
        var states: [State] = []
        var isOpen = false
        for match in text.matches(of: /([a-z]+)(?:\(([^)]*)\))?|\.\.\.|[^\s]+/) {
            if match.0 == "..." {
                isOpen = true
            } else if let name = match.1, !isOpen {
                states.append(State(name: String(name), reason: match.2.map(String.init)))
            } else {
                throw ScenarioFailure("cannot read '\(match.0)' among the expected states of \(service)")
            }
        }
        lines[service] = Line(states: states, isOpen: isOpen)
    }

    /// Everything expected has come; more may.
    func isReached(_ events: [ScenarioEvent]) -> Bool {
        lines.allSatisfy { name, line in events.count { $0.service == name } >= line.states.count }
    }

    /// What can no longer become right, whatever comes.
    func contradictions(_ events: [ScenarioEvent]) -> [String] {
        var problems: [String] = []
        for (name, states) in Dictionary(grouping: events, by: \.service).sorted(by: { $0.key < $1.key }) {
            guard let line = lines[name] else {
                if !ignored.contains(name) { problems.append("\(name) has events and no line in expected") }
                continue
            }
            if !line.agrees(with: states) { problems.append(difference(name, line, states)) }
        }
        return problems
    }

    /// What is wrong at the end.
    func problems(_ events: [ScenarioEvent]) -> [String] {
        var problems = contradictions(events)
        for (name, line) in lines.sorted(by: { $0.key < $1.key }) {
            let states = events.filter { $0.service == name }
            if states.count < line.states.count, line.agrees(with: states) {
                problems.append(difference(name, line, states))
            }
        }
        for order in orders where !order.holds(in: events) {
            problems.append("not in this order: \(order.text)")
        }
        return problems
    }

    private func difference(_ name: String, _ line: Line, _ states: [ScenarioEvent]) -> String {
        let expected = line.states.map(\.text) + (line.isOpen ? ["..."] : [])
        let actual = states.map { $0.reason.isEmpty ? $0.state : "\($0.state)(\($0.reason))" }
        return "\(name)\n  expected: \(expected.joined(separator: " "))"
            + "\n  happened: \(actual.joined(separator: " "))"
    }
}

/// An event line, as scenarios see it.
struct ScenarioEvent: Sendable {
    /// `system` for what belongs to no service.
    let service: String
    let state: String
    let process: Int32
    let reason: String
    /// CLOCK_BOOTTIME.
    let nanoseconds: UInt64
    let line: String

    /// nil: of no interest.
    init?(_ timed: TimedEvent, line: String) {
        switch timed.event {
        // About to start, for no reason worth telling.
        case .service(_, .waiting, 0, ""): return nil
        case .service(let name, let state, let process, let reason):
            (service, self.state, self.process, self.reason) = (name, state.name, process, reason)
        case .ready, .healthy, .failure, .shutdown:
            (service, state, process, reason) = ("system", timed.event.kind, 0, "")
        default: return nil
        }
        nanoseconds = timed.nanoseconds
        self.line = line
    }
}
