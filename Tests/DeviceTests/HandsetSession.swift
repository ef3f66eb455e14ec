import Emulator
import Foundation
import Testing

/// What tests do with packages on a handset.
extension AdbClient {
    /// Boots it, is root on it while `body` runs, and restarts it, which ends the run.
    func session(on disk: TestDisk, _ body: @escaping @Sendable () -> Void) throws {
        let group = DispatchGroup()
        DispatchQueue.global().async(group: group) { [self] in
            #expect(connect())
            #expect(adb("root").status == 0)
            body()
            #expect(adb("reboot").status == 0)
        }
        let record = try disk.run(reachedBy: self) {
            $0.afterReset = .fail
            $0.goal = .untilPowerOff
        }
        group.wait()
        #expect("\(record.outcome)".contains("asked for: reboot"), "\(record.outcome)")
    }

    /// A package of one program, which `write` makes at the path that it is given.
    func pack(
        _ id: String, version: String, code: Int, program write: (String) throws -> Void
    ) throws -> String {
        let name = id.split(separator: ".").last.map(String.init) ?? id
        let project = folder + "/\(name)-\(code)"
        let description = """
            id: \(id)
            version: \(version)
            version-code: \(code)
            kind: app
            architecture: any
            name: Test
            licence: MIT
            entry: bin/\(name)

            """
        try FileManager.default.createDirectory(
            atPath: project + "/files/bin", withIntermediateDirectories: true)
        try description.write(toFile: project + "/package.yaml", atomically: true, encoding: .utf8)
        let program = project + "/files/bin/\(name)"
        try write(program)
        _ = run(["chmod", "755", program])
        let package = project + ".apk"
        let answer = run([CommandLineProgram.path, "pack", project, "-o", package])
        #expect(answer.status == 0, "\(answer.text)")
        return package
    }
}
