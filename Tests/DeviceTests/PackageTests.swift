import Foundation
import Testing

extension DeviceTests {
    /// From a folder to an installed package, over the real adb, sealed by the handset's own kernel; and
    /// again after a restart.
    @Suite struct Packages {
        private static let payloads = "/data/amos/packages/payloads"

        @Test func aPackageIsInstalledAndStays() throws {
            let client = try AdbClient()
            defer { client.end() }
            let disk = try TestDisk(try Workshop.phone.get())
            // 10 MB that nothing makes smaller.
            let package = try client.pack("com.example.notes", version: "1.4.0", code: 7) {
                _ = client.run(["sh", "-c", "head -c 10000000 /dev/urandom > \($0)"])
            }
            try client.session(on: disk) { Self.install(client, package) }
            try client.session(on: disk) { Self.find(client) }
        }

        private static func install(_ client: AdbClient, _ package: String) {
            #expect(client.adb("shell", "amosctl pkg list").text.split(separator: "\n").count == 1)
            let install = client.adb("install", package)
            #expect(install.status == 0 && install.text.contains("Success"), "\(install.text)")
            check(client)
            // Not even root: the kernel has sealed it. What it does not seal, root writes.
            let change = client.adb("shell", "cd \(payloads); echo x >> $(ls)")
            #expect(change.status != 0 && change.text.contains("not permitted"), "\(change.text)")
            #expect(client.adb("shell", "echo x > \(payloads)/stray").status == 0)
            #expect(client.adb("shell", "amosctl pkg gc").text == "1 files removed\n")
            // One changed byte in the middle of the payload.
            let script = "printf '\\377\\1' | dd of=\(package) bs=1 seek=5000000 conv=notrunc status=none"
            _ = client.run(["sh", "-c", script])
            let changed = client.adb("install", package)
            #expect(changed.status != 0 && changed.text.contains("is not the one"), "\(changed.text)")
            check(client)
        }

        private static func check(_ client: AdbClient) {
            let list = client.adb("shell", "amosctl pkg list --json").text
            let rows = try? JSONSerialization.jsonObject(with: Data(list.utf8)) as? [[String: Any]]
            #expect(rows?.map { $0["id"] as? String } == ["com.example.notes"], "\(list)")
            let verify = client.adb("shell", "amosctl pkg verify")
            #expect(verify.status == 0 && verify.text.contains("good"), "\(verify.text)")
            #expect(client.adb("shell", "ls /data/amos/packages/incoming").text == "")
            #expect(client.adb("shell", "ls \(payloads) | wc -l").text == "1\n")
        }

        private static func find(_ client: AdbClient) {
            check(client)
            #expect(client.adb("uninstall", "com.example.notes").text.contains("Success"))
            #expect(client.adb("shell", "amosctl pkg list").text.split(separator: "\n").count == 1)
        }
    }
}
