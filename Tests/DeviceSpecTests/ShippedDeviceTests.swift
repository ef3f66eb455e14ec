import DeviceSpec
import Foundation
import Testing

@Suite struct ShippedDeviceTests {
    let repository = DeviceRepository(shippedRoot: Fixture.shippedRoot, folder: Fixture.shippedRoot)

    @Test func virtPhone() throws {
        let device = try repository.device("virt-phone", variant: .user)
        #expect(device.name == "virt-phone")
        #expect(device.machine.display.width == 720)
        #expect(device.machine.display.height == 1280)
        #expect(device.machine.memoryMebibytes == 1024)
        #expect(device.storage.systemBytes == 32 << 20)
        let early = ["virtio_blk", "ext4", "erofs", "dm-verity", "sha2-ce"]
        #expect(device.kernel.earlyModules.map(\.value) == early)
        #expect(device.base.components == ["main"])
        #expect(device.services.map(\.definition.name) == ["clock", "fetchd", "logd", "network", "pkgd"])
        #expect(device.users.map(\.name) == ["root", "dhcpcd", "fetch", "nobody"])
        #expect(device.groups.map(\.name) == ["root", "dhcpcd", "fetch", "nogroup"])
        #expect(device.files.copies[0].source.value == Fixture.shippedRoot + "/base")
        #expect(device.file == Fixture.shippedRoot + "/devices/virt-phone.yaml")
    }

    @Test func liteExtendsVirtPhone() throws {
        let lite = try repository.device("virt-phone-lite", variant: .user)
        let full = try repository.device("virt-phone", variant: .user)
        #expect(lite.machine.memoryMebibytes == 256)
        #expect(lite.machine.display.width == 480)
        #expect(lite.machine.display.height == 854)
        #expect(lite.machine.cpu == full.machine.cpu)
        #expect(lite.storage.dataBytes == 512 << 20)
        #expect(lite.storage.bootBytes == full.storage.bootBytes)
        #expect(lite.checks.count == full.checks.count)
        #expect(lite.checks.contains { $0.expectation == .memoryUsedBelow(bytes: 80 << 20) })
        #expect(!lite.checks.contains { $0.expectation == .memoryUsedBelow(bytes: 96 << 20) })
        #expect(lite.inputs.contains(Fixture.shippedRoot + "/devices/virt-phone.yaml"))
    }

    @Test(arguments: ["virt-phone", "virt-phone-lite"]) func onlyDevHasAShell(name: String) throws {
        let user = try repository.device(name, variant: .user)
        let dev = try repository.device(name, variant: .dev)
        #expect(!user.services.contains { $0.definition.name == "shell" })
        #expect(!user.packages.contains { $0.value == "busybox" })
        #expect(dev.packages.contains { $0.value == "busybox" })
        let shell = try #require(dev.services.first { $0.definition.name == "shell" }).definition
        #expect(shell.terminal == "/dev/ttyAMA0")
        #expect(shell.restart == .always)
        #expect(shell.arguments == ["sh", "-l"])
        #expect(shell.stopSignal == 1)
        #expect(!user.files.copies.contains { $0.source.value.hasSuffix("/shell") })
        #expect(dev.files.copies.contains { $0.source.value == Fixture.shippedRoot + "/shell" })
    }

    @Test func logdIsReadyByDescriptorAndStopsLast() throws {
        let device = try repository.device("virt-phone", variant: .user)
        let logd = try #require(device.services.first { $0.definition.name == "logd" })
        #expect(logd.definition.readiness == .descriptor(3))
        #expect(logd.definition.stopsLast)
        #expect(logd.definition.resources.memoryMaxBytes == 16 << 20)
        #expect(logd.programLocation?.line == 3)
        #expect(logd.programLocation?.column == 10)
    }

    @Test func everyShippedDeviceIsFound() {
        #expect(repository.devices().keys.sorted() == ["virt-phone", "virt-phone-lite"])
    }
}
