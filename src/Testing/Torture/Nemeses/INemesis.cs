namespace RaftStream.Testing;

/// <summary>A kind of trouble. Knows how to make it and how to mend it; when and how often is the schedule's to say.</summary>
internal interface INemesis
{
    /// <summary>Its name on the command line.</summary>
    string Name { get; }

    /// <summary>Why it cannot be made here, as a sentence; null if it can.</summary>
    string? WhyNot(Field field);

    /// <summary>Makes the trouble; null if there is nothing to strike just now, such as a leader while there is none.</summary>
    Task<Strike?> StrikeAsync(Field field, SimRandom random);
}

/// <summary>A trouble in force.</summary>
/// <param name="What">What was done, in a few words, with the nodes.</param>
/// <param name="Nodes">Whom it struck.</param>
/// <param name="Mend">Ends it. May be called only once.</param>
/// <param name="TookEffect">Whether it was seen to do something; asked just before it is mended.</param>
internal sealed record Strike(string What, IReadOnlyList<int> Nodes, Func<Task> Mend, Func<Task<bool>> TookEffect)
{
    /// <summary>Whether all was done when the strike returned, and there is nothing to hold.</summary>
    public bool IsOver { get; init; }

    /// <summary>How long it must be held at least, to be what it is called.</summary>
    public TimeSpan AtLeast { get; init; }
}
