namespace RaftStream.Testing;

/// <summary>
/// What a power cut may leave of one file: for each 512-byte sector written since the last sync, what it held before or what it held
/// after one of the writes to it; and, where the file grew, the length.
/// </summary>
/// <remarks>
/// A sector is written from the system's cache, which holds all writes so far: it can miss the last ones but not one in between. A
/// change of content is what counts: zeros written over nothing change the length alone.
/// </remarks>
internal sealed class FileChoices
{
    private const int PageSize = 4096;

    private readonly CrashFile _file;
    private readonly List<Sector> _sectors = [];

    /// <summary>Finds the choices.</summary>
    public FileChoices(CrashFile file)
    {
        _file = file;
        var touched = new SortedSet<int>();
        foreach (var write in file.Writes)
        {
            for (var sector = write.Offset / SimDisk.SectorSize; sector <= (write.End - 1) / SimDisk.SectorSize; sector++)
                touched.Add(sector);
        }

        foreach (var sector in touched)
        {
            var versions = VersionsOf(sector);
            if (versions.Count > 1)
                _sectors.Add(new(sector, [.. versions]));
        }
    }

    /// <summary>How many sectors are open.</summary>
    public int Count => _sectors.Count;

    /// <summary>Whether the length is open, too.</summary>
    public bool Grew => _file.Length > _file.Held.Bytes.Length;

    /// <summary>How many contents a sector may have, the old one included.</summary>
    public int OptionsOf(int place) => _sectors[place].Versions.Length;

    /// <summary>The 4 KiB page in which a sector lies.</summary>
    public int PageOf(int place) => _sectors[place].Number / (PageSize / SimDisk.SectorSize);

    /// <summary>The option of a sector that holds all of the first <paramref name="writes"/> writes that touch it.</summary>
    public int OptionAfter(int place, int writes)
    {
        var option = 0;
        while (option + 1 < _sectors[place].Versions.Length && _sectors[place].Versions[option + 1] <= writes)
            option++;
        return option;
    }

    /// <summary>How many writes there are.</summary>
    public int Writes => _file.Writes.Count;

    /// <summary>The file with these options taken: in a file that grew, as long as what is there needs, or as long as programs saw it.</summary>
    public Blob Build(ReadOnlySpan<int> options, bool isFullLength)
    {
        var length = isFullLength ? _file.Length : _file.Held.Bytes.Length;
        var changed = length != _file.Held.Bytes.Length;
        for (var place = 0; place < _sectors.Count; place++)
        {
            if (options[place] == 0)
                continue;
            changed = true;
            length = Math.Max(length, Math.Min(_file.Length, (_sectors[place].Number + 1) * SimDisk.SectorSize));
        }

        if (!changed)
            return _file.Held;
        var bytes = new byte[length];
        _file.Held.Bytes.CopyTo(bytes, 0);
        for (var place = 0; place < _sectors.Count; place++)
        {
            var sector = _sectors[place];
            for (var write = 0; write < sector.Versions[options[place]]; write++)
                Copy(_file.Writes[write], sector.Number, bytes);
        }

        return new(bytes);
    }

    // After how many writes the sector's content is another one than before, from "none" on.
    private List<int> VersionsOf(int sector)
    {
        var start = sector * SimDisk.SectorSize;
        var content = new byte[start + SimDisk.SectorSize];
        var held = _file.Held.Bytes.AsSpan();
        if (held.Length > start)
            held[start..Math.Min(held.Length, content.Length)].CopyTo(content.AsSpan(start));
        var before = content.AsSpan(start).ToArray();
        var versions = new List<int> { 0 };
        for (var write = 0; write < _file.Writes.Count; write++)
        {
            Copy(_file.Writes[write], sector, content);
            if (content.AsSpan(start).SequenceEqual(before))
                continue;
            versions.Add(write + 1);
            content.AsSpan(start).CopyTo(before);
        }

        return versions;
    }

    private static void Copy(PendingWrite write, int sector, byte[] target)
    {
        var start = Math.Max(write.Offset, sector * SimDisk.SectorSize);
        var end = Math.Min(Math.Min(write.End, (sector + 1) * SimDisk.SectorSize), target.Length);
        if (start < end)
            write.Bytes.AsSpan(start - write.Offset, end - start).CopyTo(target.AsSpan(start));
    }

    private sealed record Sector(int Number, int[] Versions);
}
