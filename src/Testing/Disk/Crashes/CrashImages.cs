using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace RaftStream.Testing;

/// <summary>Every file of a disk as one power cut leaves it.</summary>
internal sealed class CrashImage(SortedDictionary<string, Blob> files)
{
    /// <summary>The files by name.</summary>
    public SortedDictionary<string, Blob> Files => files;

    /// <summary>Names and contents, hashed.</summary>
    public UInt128 Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<UInt128> content = stackalloc UInt128[1];
        foreach (var (name, blob) in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            content[0] = blob.Hash;
            hash.AppendData(MemoryMarshal.AsBytes(content));
        }

        return MemoryMarshal.Read<UInt128>(hash.GetHashAndReset());
    }

    /// <summary>Names and sizes, for a message.</summary>
    public override string ToString() => string.Join(", ", files.Select(static pair => $"{pair.Key} ({pair.Value.Bytes.Length} bytes)"));
}

/// <summary>
/// The images that a power cut may leave at one place of a trace: all of them where they are at most <paramref name="most"/> a folder;
/// else nothing and everything, writes torn at each 4 KiB page and at each sector from both ends, each sector alone there and alone
/// missing, and the rest drawn.
/// </summary>
internal sealed class CrashImages(SimRandom random, int most)
{
    /// <summary>The images at this moment; some may be the same.</summary>
    public IEnumerable<CrashImage> Of(CrashState state)
    {
        var folders = state.Folders(most, random);
        var each = Math.Max(8, most / folders.Count);
        foreach (var folder in folders)
        {
            var choices = folder.Where(static pair => pair.Value.Writes.Count > 0).Select(static pair => (Name: pair.Key, Choices: new FileChoices(pair.Value))).ToList();
            foreach (var picks in Picks([.. choices.Select(static choice => choice.Choices)], each))
            {
                var files = new SortedDictionary<string, Blob>(StringComparer.Ordinal);
                foreach (var (name, file) in folder)
                    files.Add(name, file.Held);
                var place = 0;
                foreach (var (name, choice) in choices)
                {
                    files[name] = choice.Build(picks.AsSpan(place, choice.Count), picks[place + choice.Count] != 0);
                    place += choice.Count + 1;
                }

                yield return new(files);
            }
        }
    }

    // A vector has, for each file, an option a sector and one for the length.
    private IEnumerable<int[]> Picks(FileChoices[] files, int limit)
    {
        var options = new List<int>();
        foreach (var file in files)
        {
            for (var sector = 0; sector < file.Count; sector++)
                options.Add(file.OptionsOf(sector));
            options.Add(file.Grew ? 2 : 1);
        }

        var all = options.Aggregate(1.0, static (product, count) => product * count);
        return all <= limit ? Every([.. options]) : Some(files, [.. options], limit);
    }

    private static IEnumerable<int[]> Every(int[] options)
    {
        var picks = new int[options.Length];
        while (true)
        {
            yield return picks;
            var place = 0;
            while (place < picks.Length && ++picks[place] == options[place])
                picks[place++] = 0;
            if (place == picks.Length)
                yield break;
        }
    }

    private IEnumerable<int[]> Some(FileChoices[] files, int[] options, int limit)
    {
        var newest = options.Select(static count => count - 1).ToArray();
        var left = limit - 2;
        yield return new int[options.Length];
        yield return newest;
        foreach (var picks in ByPage(files, options.Length).Take(left / 4))
        {
            left--;
            yield return picks;
        }

        foreach (var picks in BySector(newest).Take(left / 2))
        {
            left--;
            yield return picks;
        }

        for (; left > 0; left--)
            yield return Draw(options);
    }

    // Torn at 4 KiB: each page has all of the first few writes to it, or none.
    private IEnumerable<int[]> ByPage(FileChoices[] files, int length)
    {
        while (true)
        {
            var picks = new int[length];
            var place = 0;
            foreach (var file in files)
            {
                var (page, writes) = (-1, 0);
                for (var sector = 0; sector < file.Count; sector++, place++)
                {
                    if (file.PageOf(sector) != page)
                        (page, writes) = (file.PageOf(sector), random.Between(0, file.Writes));
                    picks[place] = file.OptionAfter(sector, writes);
                }

                picks[place++] = file.Grew ? random.Below(2) : 0;
            }

            yield return picks;
        }
    }

    private static IEnumerable<int[]> BySector(int[] newest)
    {
        for (var place = 0; place < newest.Length; place++)
        {
            var (from, to, only, without) = (new int[newest.Length], new int[newest.Length], new int[newest.Length], (int[])newest.Clone());
            newest.AsSpan(place).CopyTo(from.AsSpan(place));
            newest.AsSpan(0, place).CopyTo(to);
            only[place] = newest[place];
            without[place] = 0;
            yield return from;
            yield return to;
            yield return only;
            yield return without;
        }
    }

    private int[] Draw(int[] options)
    {
        var share = random.NextUnit();
        var picks = new int[options.Length];
        for (var place = 0; place < picks.Length; place++)
            picks[place] = options[place] > 1 && random.Chance(share) ? random.Between(1, options[place] - 1) : 0;
        return picks;
    }
}
