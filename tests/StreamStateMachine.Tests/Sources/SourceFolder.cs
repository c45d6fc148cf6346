using System.Text;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>A folder of its own for a test, with the moves of a writer that rotates its log.</summary>
internal sealed class SourceFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("raftstream-sources-");

    public string Root => _folder.FullName;

    public string PathOf(string name) => Path.Combine(Root, name);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(PathOf(name), bytes);
        return PathOf(name);
    }

    public void Append(string name, string text) => File.AppendAllBytes(PathOf(name), Encoding.UTF8.GetBytes(text));

    /// <summary>Renames a log and its older generations by one, the oldest first.</summary>
    public void Rename(string log)
    {
        var oldest = 0;
        while (File.Exists(PathOf($"{log}.{oldest + 1}")))
            oldest++;
        for (var age = oldest; age >= 1; age--)
            File.Move(PathOf($"{log}.{age}"), PathOf($"{log}.{age + 1}"));
        File.Move(PathOf(log), PathOf($"{log}.1"));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
