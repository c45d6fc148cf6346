using System.Text;

namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>A real folder for the files of sinks, deleted with what is in it at the end of its test.</summary>
internal sealed class SinkDisk : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("raftstream-sinks-").FullName;
    private readonly FileDisk _disk;

    public SinkDisk() => _disk = FileDisk.OpenFolder(_folder);

    public IDisk Disk => _disk;

    /// <summary>Names and contents, in the order of the names.</summary>
    public IReadOnlyList<(string Name, string Text)> Files => [.. _disk.List().Select(name => (name, File.ReadAllText(PathOf(name), Encoding.UTF8)))];

    public IReadOnlyList<string> Names => _disk.List();

    public string Text(string name) => File.ReadAllText(PathOf(name), Encoding.UTF8);

    /// <summary>Puts other bytes in the place of a file's, as whoever writes into the folder would.</summary>
    public void Put(string name, byte[] bytes) => File.WriteAllBytes(PathOf(name), bytes);

    public byte[] Bytes(string name) => File.ReadAllBytes(PathOf(name));

    public void Delete(string name) => File.Delete(PathOf(name));

    public void Dispose()
    {
        _disk.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string PathOf(string name) => Path.Combine(_folder, name);
}
