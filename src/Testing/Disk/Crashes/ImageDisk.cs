using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace RaftStream.Testing;

/// <summary>The bytes of a file at one moment: never changed, so that many images share them.</summary>
internal sealed class Blob(byte[] bytes)
{
    private UInt128? _hash;

    /// <summary>The bytes.</summary>
    public byte[] Bytes => bytes;

    /// <summary>128 bits of SHA-256.</summary>
    public UInt128 Hash => _hash ??= MemoryMarshal.Read<UInt128>(SHA256.HashData(bytes));
}

/// <summary>
/// A disk in memory that begins with the files of an image and copies one when it is first written to. It never fails: what a crash may
/// take is <see cref="CrashState"/>'s to say. Used from one thread.
/// </summary>
internal sealed class ImageDisk : IDisk
{
    private readonly SortedDictionary<string, OpenFile> _files = new(StringComparer.Ordinal);

    /// <summary>A disk that holds these files.</summary>
    public ImageDisk(IEnumerable<KeyValuePair<string, Blob>> files)
    {
        foreach (var (name, blob) in files)
            _files.Add(name, new(blob.Bytes));
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => [.. _files.Keys];

    /// <inheritdoc/>
    public IDiskFile Create(string name)
    {
        if (_files.ContainsKey(name))
            throw new IOException($"'{name}' exists already.");
        return _files[name] = new([]);
    }

    /// <inheritdoc/>
    public IDiskFile Open(string name) =>
        _files.TryGetValue(name, out var file) ? file : throw new FileNotFoundException($"There is no file '{name}'.", name);

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        var file = (OpenFile)Open(from);
        _files.Remove(from);
        _files[to] = file;
    }

    /// <inheritdoc/>
    public void Delete(string name) => _files.Remove(name);

    /// <inheritdoc/>
    public void SyncFolder()
    {
    }

    private sealed class OpenFile(byte[] bytes) : IDiskFile
    {
        private byte[] _bytes = bytes;
        private int _length = bytes.Length;
        private bool _isOwn;

        public long Length => _length;

        public int Read(long offset, Span<byte> destination)
        {
            if (offset >= _length)
                return 0;
            var count = (int)Math.Min(destination.Length, _length - offset);
            _bytes.AsSpan((int)offset, count).CopyTo(destination);
            return count;
        }

        public void Write(long offset, ReadOnlySpan<byte> source)
        {
            var end = checked((int)offset + source.Length);
            if (!_isOwn || end > _bytes.Length)
                _bytes = _bytes.AsSpan(0, _length).ToArray();
            if (end > _bytes.Length)
                Array.Resize(ref _bytes, end);
            _isOwn = true;
            source.CopyTo(_bytes.AsSpan((int)offset));
            _length = Math.Max(_length, end);
        }

        public void SyncData()
        {
        }

        public void Dispose()
        {
        }
    }
}
