// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The fault seam of FileTree exists in debug builds only, so that a release build pays nothing for it.
let seam: [SwiftSetting] = strict + [.define("FAULT_SEAM", .when(configuration: .debug))]

/// The release binary carries all it needs in itself, the C library too: it runs on every Linux host as it is, and it starts
/// in less than half the time (`holdfast --version`: 3.1 ms, with the system's libraries shared 6.6 ms). It lies at fixed
/// addresses: 130,000 relocations at each start would cost as much again.
let staticRuntime = [
    "-static-executable", "-lCoreFoundation", "-l_FoundationICU", "-l_FoundationCShims", "-l_FoundationCollections",
    "-lstdc++", "-llzma", "-lbz2", "-llz4", "-use-ld=lld", "-Xlinker", "--gc-sections", "-Xlinker", "--strip-debug",
]

let package = Package(
    name: "holdfast",
    products: [
        .executable(name: "holdfast", targets: ["HoldfastTool"]),
        .library(name: "Holdfast", targets: ["Holdfast"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(name: "StorageModel", swiftSettings: strict),
        .target(name: "FileTree", dependencies: ["StorageModel", "CLinux"], swiftSettings: seam),
        .target(
            name: "Archive",
            dependencies: [
                "FileTree", "StorageModel", "CZstd", "CArchive",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .target(
            name: "Encryption",
            dependencies: [
                "FileTree", "StorageModel", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .target(
            name: "Catalog",
            dependencies: [
                "FileTree", "StorageModel", "CSQLite", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .target(
            name: "Layers", dependencies: ["Catalog", "Archive", "FileTree", "StorageModel"], swiftSettings: strict),
        .target(
            name: "Images", dependencies: ["Catalog", "Archive", "FileTree", "StorageModel"], swiftSettings: strict),
        .target(
            name: "Containers",
            dependencies: ["Layers", "Catalog", "Archive", "FileTree", "StorageModel", "CLinux"],
            swiftSettings: strict),
        .target(
            name: "Registry",
            dependencies: [
                "Archive", "FileTree", "StorageModel", "CLinux",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(name: "Volumes", dependencies: ["Catalog", "FileTree", "StorageModel"], swiftSettings: strict),
        .target(name: "Mounts", dependencies: ["FileTree", "StorageModel", "CLinux"], swiftSettings: strict),
        .target(
            name: "Compose",
            dependencies: [
                "StorageModel", .product(name: "Yams", package: "Yams"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .target(
            name: "Jobs",
            dependencies: [
                "FileTree", "StorageModel", "CLinux", .product(name: "Yams", package: "Yams"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(name: "Freezing", dependencies: ["FileTree", "StorageModel", "CLinux"], swiftSettings: strict),
        .target(
            name: "Backups", dependencies: ["Archive", "Encryption", "Freezing", "FileTree", "StorageModel"],
            swiftSettings: strict),
        .target(name: "Reports", dependencies: ["FileTree", "StorageModel"], swiftSettings: strict),
        .target(
            name: "Holdfast",
            dependencies: [
                "Images", "Containers", "Registry", "Backups", "Jobs", "Reports", "Freezing", "Volumes", "Mounts",
                "Compose", "Layers", "Archive", "Encryption", "Catalog", "FileTree", "StorageModel",
            ],
            swiftSettings: strict),
        .target(
            name: "HoldfastCLI",
            dependencies: [
                "Holdfast", "StorageModel", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "HoldfastTool", dependencies: ["HoldfastCLI"], swiftSettings: strict,
            linkerSettings: [.unsafeFlags(staticRuntime, .when(configuration: .release))]),
        .systemLibrary(name: "CTestSystem", path: "Tests/CTestSystem"),
        .target(
            name: "TestSupport", dependencies: ["CTestSystem", .product(name: "Crypto", package: "swift-crypto")],
            path: "Tests/TestSupport", swiftSettings: strict),
        .executableTarget(
            name: "StoreProbe",
            dependencies: ["Holdfast", "Volumes", "Containers", "Catalog", "FileTree", "StorageModel"],
            path: "Tests/StoreProbe", swiftSettings: strict),
        .testTarget(
            name: "FileTreeTests", dependencies: ["FileTree", "StorageModel", "TestSupport"], swiftSettings: seam),
        .testTarget(
            name: "FreezingTests", dependencies: ["Freezing", "FileTree", "StorageModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "CommandTests", dependencies: ["HoldfastCLI", "HoldfastTool", "StorageModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ArchiveTests", dependencies: ["Archive", "FileTree", "StorageModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "EncryptionTests", dependencies: ["Encryption", "FileTree", "StorageModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ContainersTests",
            dependencies: ["Containers", "Archive", "FileTree", "StorageModel", "StoreProbe", "TestSupport"],
            swiftSettings: seam),
        .testTarget(
            name: "CatalogTests", dependencies: ["Catalog", "FileTree", "StorageModel", "StoreProbe", "TestSupport"],
            exclude: ["schema.sql"], swiftSettings: strict),
        .testTarget(
            name: "LayersTests",
            dependencies: ["Layers", "Catalog", "Archive", "FileTree", "StorageModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ImagesTests", dependencies: ["Images", "Archive", "FileTree", "StorageModel", "TestSupport"],
            swiftSettings: seam),
        .testTarget(
            name: "RegistryTests", dependencies: ["Registry", "Archive", "FileTree", "StorageModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "MountsTests", dependencies: ["Mounts", "FileTree", "StorageModel", "TestSupport"],
            swiftSettings: seam
        ),
        .testTarget(
            name: "ComposeTests", dependencies: ["Compose", "StorageModel", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "ReportsTests", dependencies: ["Reports", "FileTree", "StorageModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "JobsTests", dependencies: ["Jobs", "FileTree", "StorageModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "VolumesTests",
            dependencies: [
                "Holdfast", "Volumes", "Images", "Layers", "Catalog", "FileTree", "StorageModel", "StoreProbe",
                "TestSupport",
            ],
            swiftSettings: seam),
    ],
    swiftLanguageModes: [.v6]
)
