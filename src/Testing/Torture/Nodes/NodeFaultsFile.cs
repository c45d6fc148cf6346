using System.Text.Json;

namespace RaftStream.Testing;

/// <summary>Writes and reads the files by which the lab and a node speak of faults. Written whole or not at all: beside them first, then renamed.</summary>
internal static class NodeFaultsFile
{
    /// <summary>The lab tells a node what is wrong with it.</summary>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public static void Write(string folder, NodeFaults faults) =>
        Replace(Path.Combine(folder, NodeFaults.FileName), JsonSerializer.SerializeToUtf8Bytes(faults, NodeFaultsJson.Default.NodeFaults));

    /// <summary>A node tells what it has done.</summary>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public static void WriteSeen(string folder, NodeFaultsSeen seen) =>
        Replace(Path.Combine(folder, NodeFaults.SeenFileName), JsonSerializer.SerializeToUtf8Bytes(seen, NodeFaultsJson.Default.NodeFaultsSeen));

    /// <summary>What a node has told; null while it has told nothing.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static NodeFaultsSeen? ReadSeen(string folder) =>
        Read(Path.Combine(folder, NodeFaults.SeenFileName)) is { } bytes ? JsonSerializer.Deserialize(bytes, NodeFaultsJson.Default.NodeFaultsSeen) : null;

    /// <summary>The bytes of a file; null if there is none.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static byte[]? Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static void Replace(string path, byte[] bytes)
    {
        var beside = path + ".new";
        File.WriteAllBytes(beside, bytes);
        File.Move(beside, path, overwrite: true);
    }
}
