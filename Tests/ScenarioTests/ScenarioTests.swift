import Foundation
import Testing

@testable import ScenarioFormat

/// `amos-init` and `amosctl` themselves, as PID 1 of a namespace of their own: every folder of `Scenarios/`
/// is played, and the events that PID 1 tells are compared with those expected.
///
/// `AMOS_SCENARIO=NAME` plays only the ones whose names contain NAME.
@Suite struct ScenarioTests {
    static let chosen = Scenario.names.filter { name in
        ProcessInfo.processInfo.environment["AMOS_SCENARIO"].map { name.contains($0) } ?? true
    }

    /// More at once only make each other late.
    private static let places = DispatchSemaphore(value: 8)

    @Test func thereAreScenarios() { #expect(Scenario.names.count >= 5) }

    @Test(arguments: chosen)
    func plays(_ name: String) async throws {
        let scenario = try Scenario(name)
        // A known issue, which the report counts and names: what was not played has not passed. (A cancelled
        // case of a parameterised test leaves no trace in it.)
        var missing = scenario.needs.filter { !Machine.has($0) }.map(\.lack)
        if let lack = try scenario.conditions.lack() { missing.append(lack) }
        guard missing.isEmpty else {
            return withKnownIssue("\(name) is NOT played: \(missing.joined(separator: "; "))") {
                Issue.record("this machine or user cannot play it")
            }
        }
        try await onThread { try ScenarioRunner(scenario).play() }
    }

    /// A thread of its own: a program lives no longer than the thread that started it, and most scenarios
    /// wait most of the time.
    private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                // The threads that tests run on block signals, and a child would inherit that.
                var none = sigset_t()
                sigemptyset(&none)
                pthread_sigmask(SIG_SETMASK, &none, nil)
                Self.places.wait()
                defer { Self.places.signal() }
                continuation.resume(with: Result { try body() })
            }
        }
    }
}
