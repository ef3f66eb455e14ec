import Foundation

/// The programs that the same build has made. The test runner's own folder differs between ways to start it.
public enum BuiltProgram {
    public static func path(_ name: String) -> String {
        let bundle = Bundle.main.executableURL!.deletingLastPathComponent()
        let beside = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let paths = [bundle, bundle.deletingLastPathComponent(), beside].map {
            $0.appendingPathComponent(name).path
        }
        return paths.first { FileManager.default.isExecutableFile(atPath: $0) } ?? name
    }
}
