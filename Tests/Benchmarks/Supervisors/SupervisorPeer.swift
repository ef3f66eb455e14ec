import Foundation

/// One of the supervisors that are compared: how its services are written down, how it starts, how it ends.
protocol SupervisorPeer {
    var name: String { get }

    /// Writes what describes `load` below `folder`. nil: this supervisor cannot have such a load.
    func prepare(_ load: SupervisorLoad, in folder: String) throws -> SupervisorCommand?
}

/// The services of one measurement: all run the same program, which says on a FIFO that it runs.
struct SupervisorLoad {
    enum Shape {
        /// None needs another.
        case independent
        /// Each needs the one before it to be ready.
        case chain
    }

    var shape = Shape.independent
    let count: Int
    let program: String
    let fifo: String

    var names: [String] { (0..<count).map { String(format: "s%04d", $0) } }
}

/// What starts a supervisor, and what ends it and all its services.
struct SupervisorCommand {
    enum Stop {
        case signal(Int32)
        case command([String])
        /// Its name space is taken away, as it does itself at the end of a shutdown; says nothing of how fast
        /// it stops services.
        case never(why: String)
    }

    var words: [String]
    var stop: Stop
    /// What is not measured of this peer, and why.
    var remark = ""
}

/// Where the comparison found a program of somebody else's.
enum PeerProgram {
    static func find(_ name: String, variable: String? = nil) -> String? {
        let environment = ProcessInfo.processInfo.environment
        if let variable, let path = environment[variable], !path.isEmpty { return path }
        let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (folders + ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]).map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }

    static func write(_ text: String, to path: String, executable: Bool = false) throws {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        if executable { chmod(path, 0o755) }
    }

    static func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
}
