namespace RaftStream.Testing;

/// <summary>What an enumeration of crash images is to do.</summary>
internal sealed record CrashOptions
{
    /// <summary>What chance begins with: the same seed gives the same images.</summary>
    public required ulong Seed { get; init; }

    /// <summary>How many different images are looked at, at the least.</summary>
    public required int Images { get; init; }

    /// <summary>About how many images are looked at for one place of a trace, from 8 on.</summary>
    public int ImagesPerPlace { get; init; } = 128;

    /// <summary>What the storage does in one life, in steps.</summary>
    public int StepsPerLife { get; init; } = 80;

    /// <summary>One image in so many is recovered under a crash as well, and used afterwards.</summary>
    public int SampleEvery { get; init; } = 400;

    /// <summary>
    /// What stands between the storage and the recorded disk; nothing, unless somebody wants to see a disk that forgets what it promised
    /// be found out.
    /// </summary>
    public Func<IDisk, IDisk>? Disk { get; init; }
}

/// <summary>What an enumeration of crash images found.</summary>
internal sealed class CrashReport
{
    /// <summary>Different images opened.</summary>
    public int Images { get; set; }

    /// <summary>Openings judged: an image that may come from two places is judged by what was promised at each.</summary>
    public int Openings { get; set; }

    /// <summary>Lives of a storage that were recorded; each but the first begins with an image of the one before.</summary>
    public int Lives { get; set; }

    /// <summary>Operations recorded: at each, and behind the last, the power went.</summary>
    public int Operations { get; set; }

    /// <summary>Openings that found what was acknowledged before the operation under way, or nothing under way.</summary>
    public int FoundAcknowledged { get; set; }

    /// <summary>Openings that found what the operation under way was to make.</summary>
    public int FoundWritten { get; set; }

    /// <summary>Openings that cut the remains of a torn write.</summary>
    public int TornTails { get; set; }

    /// <summary>Openings that were themselves interrupted, of those counted above.</summary>
    public int CrashesInRecovery { get; set; }

    /// <summary>The first promise broken: where, what, and the image; null: none.</summary>
    public string? Violation { get; set; }
}
