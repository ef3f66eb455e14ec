import DeviceSpec
import Foundation
import HostSystem
import Services

/// A folder of service files made ready to run under amos-init on an ordinary Linux, or written out for a
/// container.
///
/// What services print needs a reader. A folder without a service `logd` gets one: amos-logd.
public struct SupervisedFolder {
    public static let logger = "logd"

    /// How an export lies in a container's root.
    private enum Place {
        static let initialProcess = "usr/sbin/amos-init"
        static let control = "usr/bin/amosctl"
        static let logger = "usr/libexec/amos/amos-logd"
        static let plan = "usr/share/amos/boot.plan"
        static let run = "/run/amos"
        static let state = "/var/lib/amos"
    }

    let plan: BootPlan
    let programs: NativePrograms

    /// - Parameter root: where the services' programs, users and groups are; the container's files for an
    ///   export.
    public init(_ folder: String, root: String = "/", programs: NativePrograms) throws {
        plan = try ServiceFolder.plan(at: folder, root: root)
        self.programs = programs
    }

    public var serviceCount: Int { plan.services.count }

    /// Writes the plan and makes the folder that sockets go to.
    /// - Returns: amos-init's command line.
    public func prepare(run: String, state: String?) throws -> [String] {
        try FileManager.default.createDirectory(
            atPath: run, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let state = state ?? run + "/state"
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        let planFile = run + "/boot.plan"
        try OutputFile.write(try encoded(logger: programs.logger, run: run, state: state), to: planFile)
        // A name that people can type.
        let control = run + "/amosctl"
        unlink(control)
        guard symlink(programs.control, control) == 0 else { throw SystemError("create", control) }
        return [programs.initialProcess, "--plan", planFile, "--run", run, "--state", state]
    }

    /// Writes everything that a container needs, as it lies in its root.
    /// - Returns: the command line to start in the container.
    public func export(to folder: String) throws -> [String] {
        let files = [
            (Place.initialProcess, programs.initialProcess), (Place.control, programs.control),
            (Place.logger, programs.logger),
        ]
        for (place, source) in files {
            try makeParent(of: "\(folder)/\(place)")
            let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: source)))
            try OutputFile.write(bytes, to: "\(folder)/\(place)", permissions: 0o755)
        }
        try makeParent(of: "\(folder)/\(Place.plan)")
        let plan = try encoded(logger: "/" + Place.logger, run: Place.run, state: Place.state)
        try OutputFile.write(plan, to: "\(folder)/\(Place.plan)")
        // An image may have an empty /run, or none.
        for path in [Place.run, Place.state] {
            try FileManager.default.createDirectory(
                atPath: folder + path, withIntermediateDirectories: true)
        }
        return [
            "/" + Place.initialProcess, "--plan", "/" + Place.plan, "--run", Place.run, "--state",
            Place.state,
        ]
    }

    private func makeParent(of path: String) throws {
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    }

    private func encoded(logger program: String, run: String, state: String) throws -> [UInt8] {
        var plan = plan
        if plan.index(of: Self.logger) == nil {
            var service = ServiceDefinition(name: Self.logger)
            service.program = program
            service.arguments = ["--ready", "3", "--directory", state + "/log", "--run", run]
            service.readiness = .descriptor(3)
            service.restart = .always
            service.stopsLast = true
            service.controlRights = .log
            plan.services.append(service)
            plan.services.sort { $0.name < $1.name }
        }
        return try plan.encode()
    }
}
