import Foundation
import Synchronization

/// Calls `body` with 0..<count on a few threads and returns what it returns, in order.
///
/// Expectations belong on the caller's thread: only there is it known which test they are part of.
func inParallel<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> Value
) throws -> [Value] {
    // More guests than this only make each other late.
    let workers = max(1, min(count, ProcessInfo.processInfo.activeProcessorCount, 4))
    let state = Mutex((next: 0, results: [Int: Result<Value, any Error>]()))
    let group = DispatchGroup()
    for _ in 0..<workers {
        group.enter()
        // A thread of its own: QEMU lives no longer than the thread that started it.
        Thread.detachNewThread {
            defer { group.leave() }
            while let index = state.withLock({ state -> Int? in
                guard state.next < count else { return nil }
                state.next += 1
                return state.next - 1
            }) {
                let result = Result { try body(index) }
                state.withLock { $0.results[index] = result }
            }
        }
    }
    group.wait()
    let results = state.withLock { $0.results }
    return try (0..<count).map { try results[$0]!.get() }
}
