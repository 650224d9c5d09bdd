package fetch_test

func runChild(string) int { return 0 }

const childEnv = "INFERD_TEST_PULL"
