import DeviceSpec
import Foundation
import Testing

@Suite struct DeviceRepositoryTests {
    let shipped = DeviceRepository(shippedRoot: Fixture.shippedRoot, folder: Fixture.shippedRoot)

    @Test func anOwnRepositoryExtendsShippedDevicesFromAnyFolder() throws {
        let device = try Fixture.pocket(
            "services: [radio]\nusers: {radio: {id: 200}}\n",
            services: ["radio": "program: /usr/bin/radiod\nuser: radio\nrequires: [network]\n"])
        #expect(device.model == "Amos Virtual Phone")
        #expect(
            device.services.map(\.definition.name) == ["clock", "fetchd", "logd", "network", "pkgd", "radio"])
        let radio = try #require(device.services.last)
        #expect(radio.definition.userID == 200)
        #expect(radio.definition.groupID == 200)
        #expect(radio.file.hasSuffix("/services/radio.yaml"))
        #expect(device.inputs.contains(radio.file))
        #expect(device.inputs.contains(Fixture.shippedRoot + "/services/logd.yaml"))
    }

    @Test func anOwnServiceFileReplacesTheShippedOne() throws {
        let device = try Fixture.pocket("", services: ["clock": "program: /usr/bin/myclock\n"])
        let clock = try #require(device.services.first { $0.definition.name == "clock" })
        #expect(clock.definition.program == "/usr/bin/myclock")
        #expect(!device.inputs.contains(Fixture.shippedRoot + "/services/clock.yaml"))
    }

    @Test func aDeviceMayExtendTheShippedOneOfItsName() throws {
        let files = ["devices/virt-phone.yaml": "name: virt-phone\nextends: virt-phone\nmodel: Ours\n"]
        try Fixture.with(files) { folder in
            let repository = DeviceRepository(shippedRoot: Fixture.shippedRoot, folder: folder)
            let device = try repository.device("virt-phone", variant: .dev)
            #expect(device.model == "Ours")
            #expect(device.packages.map(\.value).contains("busybox"))
            #expect(device.file == folder + "/devices/virt-phone.yaml")
        }
    }

    @Test func aFileIsTakenByPath() throws {
        let device = try shipped.device("devices/virt-phone-lite.yaml", variant: .user)
        #expect(device.name == "virt-phone-lite")
        let absolute = try shipped.device(Fixture.shippedRoot + "/devices/virt-phone.yaml", variant: .user)
        #expect(absolute.name == "virt-phone")
    }

    @Test func aDeviceFileMayStandInTheCurrentFolder() throws {
        let files = [
            "virt-phone.yaml": "name: virt-phone\nextends: virt-phone\nmodel: Here\n",
            "compose.yaml": "name: something else\n",
        ]
        try Fixture.with(files) { folder in
            let repository = DeviceRepository(shippedRoot: Fixture.shippedRoot, folder: folder)
            #expect(repository.devices().keys.sorted() == ["virt-phone", "virt-phone-lite"])
            let device = try repository.device("virt-phone", variant: .user)
            #expect(device.model == "Here")
        }
    }

    @Test func anUnknownDeviceIsExplained() {
        let error = #expect(throws: DiagnosticList.self) {
            try shipped.device("virt-fone", variant: .user)
        }
        #expect(error?.diagnostics.count == 1)
        #expect(error?.diagnostics.first?.suggestion == "virt-phone")
    }

    @Test func layersMergeMapsAppendListsAndRemove() throws {
        let lines = """
            kernel: {command-line: [loglevel=3, quiet]}
            packages: [nano, e2fsprogs]
            remove: {services: [clock], checks: [service clock, clock set], kernel: {command-line: [quiet]}}
            variants:
              dev:
                remove: {packages: [nano, busybox], services: [shell], checks: [service shell]}
                kernel: {command-line: [debug]}
                machine: {cpus: 4}
            """
        let user = try Fixture.pocket(lines)
        let plain = try Fixture.pocket("model: Pocket")
        let shipped = plain.packages.map(\.value)
        #expect(plain.kernel.commandLine.contains("quiet"))
        #expect(
            user.kernel.commandLine == plain.kernel.commandLine.filter { $0 != "quiet" } + [
                "loglevel=3", "quiet",
            ])
        #expect(user.packages.map(\.value) == shipped + ["nano"])
        #expect(user.services.map(\.definition.name) == ["fetchd", "logd", "network", "pkgd"])
        #expect(user.machine.cpus == 2)
        let dev = try Fixture.pocket(lines, variant: .dev)
        #expect(dev.kernel.commandLine.last == "debug")
        #expect(dev.packages.map(\.value) == shipped)
        #expect(dev.services.map(\.definition.name) == ["bridge", "fetchd", "logd", "network", "pkgd"])
        #expect(dev.machine.cpus == 4)
    }

    @Test func copiedFilesAreRelativeToTheFileThatNamesThem() throws {
        let device = try Fixture.pocket(
            "files: {copy: [{from: pocket.yaml, to: /etc/pocket, mode: \"0640\", user: dhcpcd}]}\n")
        #expect(device.files.copies.map(\.destination) == ["/", "/etc/pocket"])
        #expect(device.files.copies[0].source.value == Fixture.shippedRoot + "/base")
        #expect(device.files.copies[0].mode == nil)
        let own = device.files.copies[1]
        #expect(own.source.value.hasSuffix("/devices/pocket.yaml"))
        #expect(own.mode == 0o640)
        #expect(own.user == "dhcpcd")
        #expect(own.group == "root")
    }

    @Test func accountsAreNumbered() throws {
        let device = try Fixture.pocket(
            """
            users:
              radio: {id: 200, home: /data/radio, shell: /usr/bin/sh}
              modem: {id: 201, group: telephony}
            groups:
              telephony: {id: 300, members: [radio]}
            """)
        #expect(device.users.map(\.name) == ["root", "dhcpcd", "fetch", "radio", "modem", "nobody"])
        #expect(device.users.map(\.groupID) == [0, 100, 101, 200, 300, 65_534])
        #expect(device.groups.map(\.name) == ["root", "dhcpcd", "fetch", "radio", "telephony", "nogroup"])
        #expect(device.groups[4].members == ["radio"])
        #expect(device.users[3].home == "/data/radio")
    }

    @Test func readingTwiceGivesTheSame() throws {
        let first = try shipped.device("virt-phone", variant: .dev)
        let second = try shipped.device("virt-phone", variant: .dev)
        #expect(first == second)
    }

    @Test func theTemplateBuildsAtOnceAndIsNeverOverwritten() throws {
        try Fixture.with(["README": ""]) { folder in
            let template = try DeviceTemplate(name: "pocket")
            let written = try template.write(into: folder)
            #expect(written.first == folder + "/devices/pocket.yaml")
            let repository = DeviceRepository(shippedRoot: Fixture.shippedRoot, folder: folder)
            let dev = try repository.device("pocket", variant: .dev)
            #expect(dev.services.contains { $0.definition.name == "hello" })
            #expect(dev.machine.memoryMebibytes == 512)
            #expect(throws: DeviceTemplate.Failure.exists(path: written[0])) {
                try template.write(into: folder)
            }
            #expect(try DeviceTemplate(name: "purse").write(into: folder).count == 3)
        }
        #expect(throws: DeviceTemplate.Failure.badName("My Phone")) { try DeviceTemplate(name: "My Phone") }
    }
}
