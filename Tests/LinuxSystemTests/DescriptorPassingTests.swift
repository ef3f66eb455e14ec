import Foundation
import Testing

@testable import LinuxSystem

extension SpawnTests {
    @Suite struct DescriptorPassing {
        /// Prints which files the descriptors with these numbers are, and whether they are meant for it.
        private static func script(_ numbers: String) -> String {
            "for n in \(numbers); do readlink /proc/$$/fd/$n; done; test \"$LISTEN_PID\" = $$ && echo mine"
        }

        @Test func theyArriveFromThreeUpwards() throws {
            let folder = try TestFolder()
            let (one, two) = (folder.path + "/one", folder.path + "/two")
            let first = try FileDescriptor.open(one, [.readWrite, .create])
            let second = try FileDescriptor.open(two, [.readWrite, .create])
            let answer = try run(
                Self.script("3 4"),
                spawn: { spawn in
                    spawn.descriptors = [first.rawValue, second.rawValue]
                })
            #expect(answer.lines == [one, two, "mine"])
        }

        @Test func nobodyElseIsToldAnything() throws {
            #expect(try !run("env").text.contains("LISTEN"))
        }

        /// The numbers that they have here are those that others are to have there: every order of three
        /// neighbours, each on another's place, and one descriptor twice.
        @Test(arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0], [1, 1, 0]])
        func numbersMayCollide(order: [Int]) throws {
            let folder = try TestFolder()
            let names = ["a", "b", "c"].map { folder.path + "/" + $0 }
            var files: [Int32] = []
            for (index, name) in names.enumerated() {
                let file = try FileDescriptor.open(name, [.readWrite, .create])
                // Right where the program will look for them.
                files.append(fcntl(file.rawValue, F_DUPFD_CLOEXEC, 3 + Int32(index)))
            }
            defer { for file in files { close(file) } }
            let answer = try run(
                Self.script("3 4 5 7"),
                spawn: { spawn in
                    spawn.descriptors = order.map { files[$0] }
                    (spawn.passed, spawn.passedAs) = (files[0], 7)
                })
            #expect(answer.lines == order.map { names[$0] } + [names[0], "mine"])
        }

        @Test func readinessMustNotLieAmongThem() throws {
            let file = try FileDescriptor.open("/dev/null")
            #expect(throws: SystemCallError.self) {
                try run(
                    "true",
                    spawn: { spawn in
                        spawn.descriptors = [file.rawValue]
                        (spawn.passed, spawn.passedAs) = (file.rawValue, 3)
                    })
            }
        }
    }
}
