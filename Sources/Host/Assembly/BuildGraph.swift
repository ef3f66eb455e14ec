import Foundation
import HostSystem

/// Runs the steps of a build, each only if something it reads has changed.
///
/// A step names its inputs by digest and its outputs by path. It is skipped when the record of the last build
/// has the same inputs and the outputs are as they were left; otherwise it runs, and the reasons are kept for
/// `--explain`. The record is saved after every step that ran: what is done stays done after Ctrl-C.
public final class BuildGraph {
    /// What became of one step.
    public struct Outcome: Sendable {
        public let step: String
        /// Empty: it was up to date.
        public let reasons: [String]
        public let milliseconds: Int
        /// Its result was in the cache already, made for another device or folder.
        public let isFromCache: Bool
        public var ran: Bool { !reasons.isEmpty }
    }

    /// Told as things happen; a terminal draws them, a pipe stays quiet.
    public protocol Observer: AnyObject {
        func began(step: String, reasons: [String])
        func progressed(step: String, detail: String, fraction: Double?)
        func ended(_ outcome: Outcome)
    }

    public private(set) var outcomes: [Outcome] = []
    public let fingerprints: FingerprintTable
    public weak var observer: (any Observer)?
    private var record: BuildRecord
    private var isFromCache = false

    public init(stateFolder: String, observer: (any Observer)? = nil) {
        fingerprints = FingerprintTable(savedAt: stateFolder + "/fingerprints")
        record = BuildRecord(savedAt: stateFolder + "/record")
        self.observer = observer
    }

    public struct Inputs {
        var all: [BuildRecord.Input] = []
        public init() {}
        /// A value: an option, a list of names, another step's digest.
        public mutating func add(_ name: String, _ value: String) {
            let digest = value.utf8.count <= 64 ? value : SHA256Digest.of(value.utf8).description
            all.append(.init(name: Self.clean(name), digest: Self.clean(digest)))
        }
        public mutating func add(_ name: String, _ digest: SHA256Digest) {
            all.append(.init(name: Self.clean(name), digest: digest.description))
        }
        /// The record is a table with one line per input.
        private static func clean(_ text: String) -> String {
            text.isEmpty ? "-" : text.replacing("\t", with: " ").replacing("\n", with: " ")
        }
        /// One digest for all of them, which names the step's result.
        public var digest: SHA256Digest {
            var hasher = SHA256Hasher()
            for input in all { hasher.update("\(input.name)\t\(input.digest)\n".utf8) }
            return hasher.finish()
        }
    }

    /// Runs `action` unless the outputs already are what these inputs give.
    public func step(
        _ name: String, inputs: Inputs, outputs: [String], action: () throws -> Void
    ) throws {
        let reasons = record.reasons(step: name, inputs: inputs.all, outputs: outputs)
        let start = DispatchTime.now().uptimeNanoseconds
        isFromCache = false
        if !reasons.isEmpty {
            observer?.began(step: name, reasons: reasons)
            try action()
            record.remember(step: name, inputs: inputs.all, outputs: outputs)
            try record.save()
        }
        let elapsed = Int((DispatchTime.now().uptimeNanoseconds - start) / 1_000_000)
        let outcome = Outcome(
            step: name, reasons: reasons, milliseconds: elapsed, isFromCache: isFromCache)
        outcomes.append(outcome)
        observer?.ended(outcome)
    }

    /// Said by a step that finds its result in the cache.
    func foundInCache() { isFromCache = true }

    public func finish() throws(SystemError) {
        try fingerprints.save()
        try record.save()
    }
}
