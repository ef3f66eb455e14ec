import Foundation
import Services

/// A folder of service files as a boot plan for the machine at hand, without a device: for `amos supervise`,
/// containers and tests.
///
/// ```
/// my-services/
///   web.yaml          a service named `web`: the keys of a device's services
///   database.yaml
///   _plan.yaml        optional: health, shutdown-budget and watchdog, as in a device file
/// ```
/// Every service file in the folder belongs to the plan. Users and groups are those of the machine.
public enum ServiceFolder {
    /// The keys of `_plan.yaml`.
    static let settings = KeyTable(
        "_plan.yaml",
        [
            .init("hostname", .text(.name), "Set in the machine; unchanged unless given."),
            .init("health", .map(DeviceKeys.health), "When the services count as up."),
            DeviceKeys.shutdownBudget, DeviceKeys.watchdog,
        ])

    /// Everything that is wrong is reported at once, by file, line and column.
    /// - Parameters:
    ///   - folder: absolute, or relative to the current directory.
    ///   - root: where the services' programs must be found, and `etc/passwd` and `etc/group`.
    public static func plan(at folder: String, root: String = "/") throws(DiagnosticList) -> BootPlan {
        let diagnostics = DiagnosticCollector()
        let (plan, _) = read(folder, root: root, diagnostics)
        try diagnostics.throwIfAny()
        return plan
    }

    /// Everything that can be said about a folder's services.
    public static func lint(at folder: String, root: String = "/") -> LintReport {
        let diagnostics = DiagnosticCollector()
        let (_, services) = read(folder, root: root, diagnostics)
        return LintReport(
            diagnostics: DiagnosticList(diagnostics.diagnostics),
            exposures: diagnostics.errorCount == 0 ? services.exposures : [], device: nil)
    }

    private static func read(
        _ folder: String, root: String, _ diagnostics: DiagnosticCollector
    ) -> (BootPlan, ServiceSet) {
        let folder = DeviceRepository.absolute(folder, in: FileManager.default.currentDirectoryPath)
        let files = ServiceFiles(diagnostics: diagnostics)
        files.add(folder: folder)
        let names = files.names().sorted().map {
            Located($0, at: SourceLocation(file: "\(folder)/\($0).yaml", line: 1, column: 1))
        }
        if names.isEmpty {
            diagnostics.add(
                "there are no services here", at: SourceLocation(file: folder, line: 1, column: 1),
                expected: "a folder with a file NAME.yaml for each service")
        }
        for name in names where !TextRule.name.accepts(name.value) {
            diagnostics.add(
                "'\(name.value)' cannot be the name of a service", at: name.location,
                expected: TextRule.name.expected)
        }
        let accounts = Accounts(
            passwd: text(of: root + "/etc/passwd"), group: text(of: root + "/etc/group"),
            diagnostics: diagnostics)
        let services = ServiceSet(names, files: files, accounts: accounts, architecture: .native)
        checkPrograms(services, root: root, diagnostics)
        let settings = settings(in: folder, files)
        let plan = plan(services, settings: settings)
        ServiceLint(
            services: services, health: settings.map("health").list("services"),
            shutdownBudgetMilliseconds: plan.shutdownBudgetMilliseconds, processors: nil
        ).check()
        return (plan, services)
    }

    private static func settings(in folder: String, _ files: ServiceFiles) -> NodeReader {
        let path = folder + "/_plan.yaml"
        let empty = SourceNode(content: .map([]), location: SourceLocation(file: path, line: 1, column: 1))
        guard FileManager.default.fileExists(atPath: path) else {
            return NodeReader(node: empty, diagnostics: files.diagnostics)
        }
        let node = files.read(path, as: settings, called: "_plan.yaml")
        return NodeReader(node: node ?? empty, diagnostics: files.diagnostics)
    }

    private static func plan(_ services: ServiceSet, settings: NodeReader) -> BootPlan {
        var plan = BootPlan(
            hostname: settings.text("hostname") ?? "", services: services.sources.map(\.definition),
            lateModules: [], health: BootPlan.Health(settings.map("health"), services: services))
        plan.shutdownBudgetMilliseconds =
            settings.milliseconds("shutdown-budget") ?? plan.shutdownBudgetMilliseconds
        plan.machineWatchdogMilliseconds = settings.milliseconds("watchdog") ?? 0
        return plan
    }

    private static func checkPrograms(
        _ services: ServiceSet, root: String, _ diagnostics: DiagnosticCollector
    ) {
        for (service, item) in zip(services.sources, services.nodes) {
            let reader = NodeReader(node: item.node, diagnostics: diagnostics)
            let programs = [reader.located("program"), reader.map("ready").list("probe").first]
            for program in programs.compactMap({ $0 })
            where !FileManager.default.isExecutableFile(atPath: path(program.value, below: root)) {
                diagnostics.add(
                    "there is no program '\(program.value)'", at: program.location,
                    expected: "the absolute path of an executable file")
            }
            checkWorkingDirectory(reader, root: root)
            checkTerminal(reader, service.definition, root: root)
        }
    }

    private static func path(_ path: String, below root: String) -> String {
        root == "/" ? path : root + path
    }

    private static func checkWorkingDirectory(_ reader: NodeReader, root: String) {
        guard let folder = reader.located("working-directory") else { return }
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(
            atPath: path(folder.value, below: root), isDirectory: &isFolder)
        if isThere, !isFolder.boolValue {
            reader.diagnostics.add(
                "'\(folder.value)' is not a folder", at: folder.location, expected: "an existing folder")
        } else if !isThere, ServiceReader.isMadeAtRunTime(folder.value) {
            reader.diagnostics.warn(
                "there is no folder '\(folder.value)' yet", at: folder.location,
                expected: "whoever makes it, before this service starts")
        } else if !isThere {
            reader.diagnostics.add(
                "there is no folder '\(folder.value)'", at: folder.location, expected: "an existing folder")
        }
    }

    /// In a tree that is not the machine's, `/dev` is empty. What waits for its terminal to appear may.
    private static func checkTerminal(_ reader: NodeReader, _ service: ServiceDefinition, root: String) {
        guard root == "/", let terminal = reader.located("terminal"),
            !service.activation.devices.contains(terminal.value),
            !FileManager.default.fileExists(atPath: terminal.value)
        else { return }
        reader.diagnostics.add(
            "there is no terminal '\(terminal.value)'", at: terminal.location,
            expected: "an existing device, or start-on: {devices: [\(terminal.value)]}")
    }

    /// A machine without accounts has root and nobody else.
    private static func text(of path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
