namespace RaftStream.Raft.Tests.Log;

/// <summary>A disk one of whose files cannot be opened, as without the rights to it; everything else goes through.</summary>
internal sealed class UnopenableDisk(IDisk disk, string unopenable) : IDisk
{
    public IReadOnlyList<string> List() => disk.List();

    public IDiskFile Create(string name) => disk.Create(name);

    public IDiskFile Open(string name) => name == unopenable ? throw new IOException($"Access to the path '/data/{name}' is denied.") : disk.Open(name);

    public void Rename(string from, string to) => disk.Rename(from, to);

    public void Delete(string name) => disk.Delete(name);

    public void SyncFolder() => disk.SyncFolder();
}
