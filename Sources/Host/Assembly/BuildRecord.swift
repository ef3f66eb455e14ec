import Foundation
import HostSystem

/// What the last build of a device did: per step its inputs and output. It answers both "must this run
/// again?" and "why did it run?".
struct BuildRecord {
    struct Step: Equatable {
        /// In the order the step named them.
        var inputs: [Input]
        /// What `stat` said of each output when the step had ended.
        var outputs: [Output]
    }

    struct Input: Equatable {
        var name: String
        var digest: String
    }

    struct Output: Equatable {
        var path: String
        var size: Int64
        var modified: Int64

        init(path: String, size: Int64, modified: Int64) {
            self.path = path
            self.size = size
            self.modified = modified
        }

        /// As it is now; nil if it is not there.
        init?(at path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
            self.init(path: path, size: Int64(status.st_size), modified: modified)
        }
    }

    /// Raised when the meaning of a record changes; older ones are then ignored.
    private static let header = "amos build record 1"
    private static let separator = UInt8(ascii: "\t")

    private(set) var steps: [String: Step] = [:]
    private let file: String
    private var isChanged = false

    init(savedAt file: String) {
        self.file = file
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return }
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"))[...]
        guard let first = lines.popFirst(), String(first) == Self.header else { return }
        var current = ""
        for line in lines {
            let fields = line.split(separator: Self.separator).map { String($0) ?? "" }
            switch (fields.first, fields.count) {
            case ("step", 2):
                current = fields[1]
                steps[current] = Step(inputs: [], outputs: [])
            case ("in", 3):
                steps[current]?.inputs.append(Input(name: fields[2], digest: fields[1]))
            case ("out", 4):
                guard let size = Int64(fields[1]), let modified = Int64(fields[2]) else { break }
                steps[current]?.outputs.append(Output(path: fields[3], size: size, modified: modified))
            default: break
            }
        }
    }

    /// Why the step must run: nothing if it need not.
    func reasons(step name: String, inputs: [Input], outputs: [String]) -> [String] {
        guard let step = steps[name] else { return ["first build"] }
        var reasons: [String] = []
        // Two files of different folders may go by one name.
        let before = Dictionary(grouping: step.inputs, by: \.name).mapValues { $0.map(\.digest) }
        let now = Dictionary(grouping: inputs, by: \.name).mapValues { $0.map(\.digest) }
        for (name, digests) in now.sorted(by: { $0.key < $1.key }) where before[name] != digests {
            reasons.append(before[name] == nil ? "\(name) is new" : "\(name) changed")
        }
        for name in before.keys.sorted() where now[name] == nil { reasons.append("\(name) is gone") }
        for path in outputs {
            let name = URL(fileURLWithPath: path).lastPathComponent
            guard let output = Output(at: path) else {
                reasons.append("\(name) is missing")
                continue
            }
            if !step.outputs.contains(output) { reasons.append("\(name) was changed by someone else") }
        }
        return reasons
    }

    mutating func remember(step name: String, inputs: [Input], outputs: [String]) {
        steps[name] = Step(inputs: inputs, outputs: outputs.compactMap { Output(at: $0) })
        isChanged = true
    }

    func save() throws(SystemError) {
        guard isChanged else { return }
        var text = Self.header + "\n"
        for (name, step) in steps.sorted(by: { $0.key < $1.key }) {
            text += "step\t\(name)\n"
            for input in step.inputs { text += "in\t\(input.digest)\t\(input.name)\n" }
            for output in step.outputs { text += "out\t\(output.size)\t\(output.modified)\t\(output.path)\n" }
        }
        try OutputFile.write(text, to: file)
    }
}
