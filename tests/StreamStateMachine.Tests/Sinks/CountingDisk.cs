namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>A disk in memory that counts its open files, and fails where it is told to.</summary>
internal sealed class CountingDisk : IDisk
{
    private readonly SortedDictionary<string, List<byte>> _files = new(StringComparer.Ordinal);

    /// <summary>How many files are open.</summary>
    public int Open { get; private set; }

    /// <summary>What the next write or create fails with.</summary>
    public IOException? Failure { get; set; }

    public IReadOnlyList<string> List() => [.. _files.Keys];

    public IDiskFile Create(string name)
    {
        Fail();
        if (!_files.TryAdd(name, []))
            throw new IOException($"'{name}' exists already.");
        return new OpenFile(this, _files[name]);
    }

    IDiskFile IDisk.Open(string name) => _files.TryGetValue(name, out var bytes) ? new OpenFile(this, bytes) : throw new FileNotFoundException($"There is no file '{name}'.");

    public void Rename(string from, string to) => throw new NotSupportedException("Sinks rename nothing.");

    public void Delete(string name) => _files.Remove(name);

    public void SyncFolder() => throw new NotSupportedException("Sinks sync nothing.");

    private void Fail()
    {
        if (Failure is { } failure)
            throw failure;
    }

    private sealed class OpenFile : IDiskFile
    {
        private readonly CountingDisk _disk;
        private readonly List<byte> _bytes;
        private bool _isClosed;

        public OpenFile(CountingDisk disk, List<byte> bytes)
        {
            (_disk, _bytes) = (disk, bytes);
            _disk.Open++;
        }

        public long Length => _bytes.Count;

        public int Read(long offset, Span<byte> destination)
        {
            var count = (int)Math.Min(destination.Length, _bytes.Count - offset);
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes).Slice((int)offset, count).CopyTo(destination);
            return count;
        }

        public void Write(long offset, ReadOnlySpan<byte> source)
        {
            _disk.Fail();
            Assert.That(offset, Is.EqualTo(_bytes.Count), "a sink writes behind what is there, and nothing twice");
            _bytes.AddRange(source);
        }

        public void SyncData() => throw new NotSupportedException("Sinks sync nothing.");

        public void Dispose()
        {
            _disk.Open -= _isClosed ? 0 : 1;
            _isClosed = true;
        }
    }
}
