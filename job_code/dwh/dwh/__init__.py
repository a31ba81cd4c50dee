"""An example of a team's package: jobs on the flights that left New York in 2013."""
